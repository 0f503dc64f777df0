"""The types of the installed provider: each that can carry permissions has been looked at, those of newer ones too."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from delegation_pack.model import Resource, carries, is_credential, is_read

TELLING = re.compile(
    r'__self__, "(assume_role_policy|customer_managed_policy\w*|desired_state|iam_action_definition'
    r"|inline_polic(?:y|ies)|managed_policy_\w+|permission_set_arn|permissions_boundary|policy_arns?"
    r'|saml_metadata_document|template_(?:body|physical_id|s3_uri|url))"'
)
"""What the module of a type sets that gives identities something, or that is made of a template."""
CARRIERS = """
    account.PrimaryContact accountaccess.Application accountaccess.Entitlement budgets.BudgetAction
    chatbot.SlackChannelConfiguration chatbot.TeamsChannelConfiguration cloudcontrol.Resource
    cloudformation.CloudFormationType cloudformation.Stack cloudformation.StackInstances cloudformation.StackSet
    cloudformation.StackSetInstance controltower.Baseline controltower.LandingZone iam.OrganizationsFeatures
    iam.SamlProvider identitystore.Group identitystore.GroupMembership identitystore.User iot.RoleAlias
    organizations.Account organizations.AwsServiceAccess organizations.DelegatedAdministrator
    organizations.Organization organizations.ResourcePolicy rolesanywhere.Profile rolesanywhere.TrustAnchor
    sagemaker.Project serverlessrepository.CloudFormationStack servicecatalog.Constraint
    servicecatalog.OrganizationsAccess servicecatalog.Portfolio servicecatalog.PortfolioShare
    servicecatalog.PrincipalPortfolioAssociation servicecatalog.Product servicecatalog.ProductPortfolioAssociation
    servicecatalog.ProvisionedProduct servicecatalog.ProvisioningArtifact servicecatalog.ServiceAction ssm.Activation
    ssm.QuicksetupConfigurationManager ssoadmin.AccountAssignment ssoadmin.Application
    ssoadmin.ApplicationAccessScope ssoadmin.ApplicationAssignment ssoadmin.ApplicationAssignmentConfiguration
    ssoadmin.InstanceAccessControlAttributes ssoadmin.TrustedTokenIssuer
"""
MEANS_SOMETHING_ELSE = {
    "aws:bedrock/agentcorePolicy:AgentcorePolicy": "what agents may call",
    "aws:cfg/conformancePack:ConformancePack": "a template of Config rules alone",
    "aws:cfg/organizationConformancePack:OrganizationConformancePack": "a template of Config rules alone",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "rights within the cluster",
    "aws:iot/provisioningTemplate:ProvisioningTemplate": "policies of things",
    "aws:pipes/pipe:Pipe": "running or stopped",
    "aws:quicksight/iamPolicyAssignment:IamPolicyAssignment": "rights within QuickSight",
    "aws:resiliencehub/v2Service:V2Service": "a policy of resilience",
    "aws:resiliencehub/v2UserJourney:V2UserJourney": "a policy of resilience",
    "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment": "a boundary, which narrows",
}
"""Types that set something of the kind and give identities nothing."""


def installed() -> Path:
    found = find_spec("pulumi_aws")
    return Path(str(found and found.origin)).parent


@cache
def types() -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(r'"(aws:\w+/\w+:\w+)":', (installed() / "__init__.py").read_text()))))


def service(type_: str) -> str:
    return type_.split(":")[1].partition("/")[0]


def is_judged(type_: str) -> bool:
    return is_read(Resource(urn="", type=type_, name="", inputs={}))


def test_the_carriers_are_those_that_have_been_looked_at() -> None:
    assert len(types()) > 1500
    found = {f"{service(type_)}.{type_.rpartition(':')[2]}" for type_ in types() if carries(type_)}
    judged = {f"{service(type_)}.{type_.rpartition(':')[2]}" for type_ in types() if is_judged(type_)}
    assert sorted(found - judged) == CARRIERS.split()
    assert judged - found == set()


def test_each_service_has_been_looked_at() -> None:
    assert sorted(set(map(service, types()))) == (Path(__file__).parent / "reviewed_services.txt").read_text().split()


def test_what_sets_policies_of_identities_or_templates_is_a_carrier_or_means_something_else() -> None:
    found = set()
    for module in installed().glob("*/*.py"):
        text = module.read_text()
        made = re.search(r"'(aws:\w+/\w+:\w+)',\s", text)
        if made and not module.name.startswith(("get_", "_")) and TELLING.search(text):
            found.add(made[1])
    assert len(found) > 20
    assert {type_ for type_ in found if not carries(type_)} == MEANS_SOMETHING_ELSE.keys()


def test_credentials_are_those_of_the_provider() -> None:
    assert [type_.rpartition(":")[2] for type_ in types() if is_credential(type_)] == [
        *("AccessKey", "ServiceSpecificCredential", "SigningCertificate", "SshKey", "UserLoginProfile"),
        "VirtualMfaDevice",
    ]
