// AWS's own rules for AppSync's JavaScript.
import appsync from '@aws-appsync/eslint-plugin';

export default [{ languageOptions: { parserOptions: { projectService: true } } }, appsync.configs.recommended];
