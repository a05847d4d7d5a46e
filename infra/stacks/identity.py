"""Identity: Cognito."""

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ses as ses
from constructs import Construct

from infra.config import Environment, Region
from infra.constructs.alarms import alarm, topic
from infra.constructs.canary import Canaries
from infra.constructs.function import Function
from infra.constructs.metric_names import metric
from infra.constructs.permissions import acknowledge, allow
from infra.constructs.stack import Stack

GROUPS = {"admins": "May see and mend everything", "moderators": "May hide what is reported"}
TRIGGERS = {  # by Cognito's trigger; each is a function of app/aws/cognito.py
    "post_confirmation": (cognito.UserPoolOperation.POST_CONFIRMATION, "Makes our user of somebody who signed up"),
    "pre_token_generation": (cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG, "Puts our user's id into tokens"),
}


REPUTATION = (  # half of what SES puts an account under review at
    (
        "Bounced",
        "BounceRate",
        0.025,
        "Soon nobody gets a code to sign up: more than 2.5 % of mail bounces, and SES reviews an account at 5 %",
    ),
    (
        "Complained",
        "ComplaintRate",
        0.0005,
        "Soon nobody gets a code to sign up: more than 0.05 % of mail is complained of, and SES reviews an account at "
        "0.1 %",
    ),
)

# Not the address: anybody with the client's id, which is no secret, could sign up and be mailed past our own limits.
OF_PAGES = cognito.ClientAttributes().with_standard_attributes(fullname=True, timezone=True, locale=True)


class Identity(Stack):
    """The user pool, its clients, groups and triggers, and the identity pool that gives AWS roles to users."""

    def __init__(self, app: Construct, environment: Environment, region: Region) -> None:
        super().__init__(app, environment, region, stateful=True)
        self.pool = self._pool()
        self._triggers()
        Canaries(self)
        self.server = self._client("server", admin_user_password=True, generate_secret=True)
        self.pages = self._client("pages", user_srp=True, generate_secret=False, writes=OF_PAGES)
        for name, says in GROUPS.items():
            cognito.CfnUserPoolGroup(
                self, f"{name}-group", user_pool_id=self.pool.user_pool_id, group_name=name, description=says
            )
        self._roles()
        self._probe()
        self._hand_over()

    def _pool(self) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Pool",
            user_pool_name=self.names.of("users"),
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            self_sign_up_enabled=True,
            # An alias, not the name: any number of sign-ups wait with one address, and its first valid code takes it.
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            keep_original=cognito.KeepOriginalAttrs(email=True),  # until the new mailbox has confirmed
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=12, require_digits=True, require_lowercase=True, require_uppercase=True, require_symbols=True
            ),
            mfa=cognito.Mfa.OFF,
            email=cognito.UserPoolEmail.with_ses(  # Cognito's own sender has 50 mails a day
                from_email=f"hello@{self.home.domain}",
                from_name="Mile Quest",
                ses_region=self.where.name,
                ses_verified_domain=self.home.domain,
                configuration_set_name=self._mail(),
            ),
            deletion_protection=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        acknowledge(pool, "AwsSolutions-COG2", "signIn asks for no second factor, and no token may set one up")
        acknowledge(pool, "AwsSolutions-COG8", "Plus costs $0.02 a user; the WAF and our own limits stand before it")
        return pool

    def _mail(self) -> str:
        """Create the configuration set: who bounced or complained gets no more mail, and a topic hears of it."""
        mail = ses.ConfigurationSet(
            self,
            "Mail",
            configuration_set_name=self.names.of("mail"),
            reputation_metrics=True,
            suppression_reasons=ses.SuppressionReasons.BOUNCES_AND_COMPLAINTS,
        )
        mail.add_event_destination(
            "Bounces",
            destination=ses.EventDestination.sns_topic(topic(self, "BouncesTopic", "bounces")),
            events=[ses.EmailSendingEvent.BOUNCE, ses.EmailSendingEvent.COMPLAINT, ses.EmailSendingEvent.REJECT],
        )
        for id, name, above, says in REPUTATION:
            reputation = metric("AWS/SES", f"Reputation.{name}", "avg").with_(period=cdk.Duration.hours(1))
            alarm(self, id, reputation, above, says, "mail-is-returned", minutes=1)
        return mail.configuration_set_name

    def _triggers(self) -> None:
        """Create the functions that Cognito calls, waiting five seconds at most."""
        for name, (moment, says) in TRIGGERS.items():
            function = Function(
                self,
                name.replace("_", "-"),
                f"app.aws.cognito.{name}",
                says,
                seconds=5,
                in_network=True,
                urgency="page",
                variables={"MILEQUEST_DATABASE_URL": self.shared("data/writer-url")},
            )
            allow(function.role, "rds-db:connect", self.shared("data/connect-arn"))
            version = cognito.LambdaVersion.V2_0 if name == "pre_token_generation" else None
            self.pool.add_trigger(moment, function.alias, *([version] if version else []))

    def _client(
        self,
        name: str,
        *,
        generate_secret: bool,
        admin_user_password: bool = False,
        user_srp: bool = False,
        writes: cognito.ClientAttributes | None = None,
    ) -> cognito.UserPoolClient:
        """Create a client to sign people in: for the auth domain's function, or pages that call Cognito themselves."""
        return self.pool.add_client(
            name,
            user_pool_client_name=name,
            generate_secret=generate_secret,
            auth_flows=cognito.AuthFlow(admin_user_password=admin_user_password, user_srp=user_srp),
            access_token_validity=cdk.Duration.minutes(60),
            id_token_validity=cdk.Duration.minutes(60),
            refresh_token_validity=cdk.Duration.days(30),
            enable_token_revocation=True,
            prevent_user_existence_errors=True,
            write_attributes=writes,
            disable_o_auth=True,
        )

    def _roles(self) -> None:
        """Create the identity pool: it gives signed-in users a role, by which they may sign their requests to the API.

        Only a policy that an operator attaches, such as that of the API's callers, lets it do anything.
        """
        identities = cognito.CfnIdentityPool(
            self,
            "Identities",
            identity_pool_name=self.names.of("identities"),
            allow_unauthenticated_identities=False,
            cognito_identity_providers=[
                cognito.CfnIdentityPool.CognitoIdentityProviderProperty(
                    client_id=self.pages.user_pool_client_id,
                    provider_name=self.pool.user_pool_provider_name,
                    server_side_token_check=True,
                )
            ],
        )
        users = iam.Role(
            self,
            "UserRole",
            assumed_by=iam.WebIdentityPrincipal(
                "cognito-identity.amazonaws.com",
                {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": identities.ref},
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"},
                },
            ),
        )
        cognito.CfnIdentityPoolRoleAttachment(
            self, "UserRoles", identity_pool_id=identities.ref, roles={"authenticated": users.role_arn}
        )
        self.share("identity/identities", identities.ref)

    def _probe(self) -> None:
        """Create the password of the operator's own client, who makes its user in the pool with the first call."""
        secret = secretsmanager.Secret(
            self,
            "Probe",
            secret_name=self.names.of("probe"),
            description="Password of the user who tries each five minutes whether people are served",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",
                generate_string_key="password",
                password_length=40,
                exclude_punctuation=True,
            ),
        )
        secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        acknowledge(secret, "CKV_AWS_149", "Its user has one private team, and walks that are deleted")
        acknowledge(secret, "AwsSolutions-SMG4", "A new value is the user's password with the next call")

    def _hand_over(self) -> None:
        self.share("identity/pool", self.pool.user_pool_id)
        self.share("identity/pool-arn", self.pool.user_pool_arn)
        issuer = f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool.user_pool_id}"
        self.share("identity/issuer", issuer)
        self.share("identity/keys", f"{issuer}/.well-known/jwks.json")
        self.share("identity/server-client", self.server.user_pool_client_id)
        self.share("identity/clients", f"{self.server.user_pool_client_id},{self.pages.user_pool_client_id}")
        self.share("identity/pages-client", self.pages.user_pool_client_id)
