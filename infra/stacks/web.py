"""The pages: Next.js on Amplify."""

from typing import Final

import aws_cdk as cdk
from aws_cdk import aws_amplify as amplify
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.permissions import allow, service_role
from infra.constructs.stack import Stack
from infra.names import REPOSITORY_TOKEN

BUILD: Final = """version: 1
applications:
  - appRoot: {folder}
    frontend:
      phases:
        preBuild: {{commands: [npm ci]}}
        build: {{commands: [npm run build]}}
      artifacts: {{baseDirectory: .next, files: ['**/*']}}
      cache: {{paths: ['node_modules/**/*', '.next/cache/**/*']}}
"""


class Web(Stack):
    """The site and the admins' dashboard. Previews of pull requests are staging's, and never use production's API."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region)
        self._role = service_role(self, "Role", "amplify")
        allow(
            self._role,
            "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents logs:DescribeLogGroups",
            self.arn_of("logs", "log-group:/aws/amplify/*"),
            because="Amplify names the log groups of its servers itself",
        )
        site = self._app("site", "apps/site")
        branch = self._branch(site, "site", environment.branch)
        self._domain(site, "site", environment.domain, branch, ["", "www"] if environment.production else [""])
        if not environment.production:
            self._previews(site)
        admin = self._app("admin", "apps/admin")
        self._domain(admin, "admin", self.names.host("admin"), self._branch(admin, "admin", environment.branch), [""])

    def _app(self, name: str, folder: str) -> amplify.CfnApp:
        made = amplify.CfnApp(
            self,
            f"{name}-app",
            name=self.names.of(name),
            platform="WEB_COMPUTE",
            repository=self.home.repository,
            access_token=cdk.SecretValue.secrets_manager(
                REPOSITORY_TOKEN
            ).unsafe_unwrap(),  # a reference, not the token
            iam_service_role=self._role.role_arn,
            build_spec=BUILD.format(folder=folder),
            environment_variables=[
                amplify.CfnApp.EnvironmentVariableProperty(name="AMPLIFY_MONOREPO_APP_ROOT", value=folder),
                amplify.CfnApp.EnvironmentVariableProperty(
                    name="NEXT_PUBLIC_API_URL", value=f"https://{self.names.host('api')}"
                ),
            ],
        )
        waf.CfnWebACLAssociation(
            self, f"{name}-firewall", resource_arn=made.attr_arn, web_acl_arn=self.shared("edge/firewall")
        )
        return made

    def _branch(self, app: amplify.CfnApp, name: str, branch: str) -> amplify.CfnBranch:
        return amplify.CfnBranch(
            self,
            f"{name}-branch",
            app_id=app.attr_app_id,
            branch_name=branch,
            stage="PRODUCTION" if self.home.production else "BETA",
            framework="Next.js - SSR",
            enable_auto_build=True,
        )

    def _previews(self, app: amplify.CfnApp) -> None:
        """Add previews: pull requests go to main, so staging's app has that branch, and builds only previews of it."""
        amplify.CfnBranch(
            self,
            "previews",
            app_id=app.attr_app_id,
            branch_name="main",
            stage="PULL_REQUEST",
            framework="Next.js - SSR",
            enable_auto_build=False,
            enable_pull_request_preview=True,
        )

    def _domain(
        self, app: amplify.CfnApp, name: str, domain: str, branch: amplify.CfnBranch, prefixes: list[str]
    ) -> None:
        amplify.CfnDomain(
            self,
            f"{name}-domain",
            app_id=app.attr_app_id,
            domain_name=domain,
            sub_domain_settings=[
                amplify.CfnDomain.SubDomainSettingProperty(branch_name=branch.attr_branch_name, prefix=prefix)
                for prefix in prefixes
            ],
        )
