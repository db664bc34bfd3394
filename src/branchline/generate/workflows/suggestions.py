"""What a team may put beside the workflows: Dependabot, CODEOWNERS, a runner, a role of AWS.

Only printed, never written: these files are the team's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import ConfigError
from branchline.generate.workflows.text import fill, shell_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Policy
    from branchline.generate.workflows.values import AwsFacts, Facts

DEPENDABOT = """\
# .github/dependabot.yml: newer versions of actions, a week after they came out.
# Workflows that Branchline wrote follow a newer Branchline: `branchline workflows write`. What is
# proposed for them here fails `branchline workflows check`; close it.
version: 2
updates:
  - package-ecosystem: github-actions
    directory: /
    schedule:
      interval: weekly
    cooldown:
      default-days: 7
"""

# Of an address such as git@github.com:owner/name.git or https://host/owner/name.
_ORIGIN = re.compile(
    r"^(?:https?://|ssh://)?[^/\s]+[/:](?P<owner>[A-Za-z0-9_.-]+)/(?P<name>[A-Za-z0-9_.-]+?)(?:\.git)?/?$"
)
_PROVIDER = "token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository on GitHub.

    Attributes:
        owner, name: As in `owner/name`.
        owner_id, id: Their numbers; 0 where they are not known. Repositories that were made,
            renamed or moved after 2026-07-15 have them in their identity.
    """

    owner: str
    name: str
    owner_id: int = 0
    id: int = 0

    def subjects(self, environment: str) -> tuple[str, ...]:
        """What the identity of a job of an environment says, in each form it may have."""
        tail = f":environment:{environment.replace(':', '%3A')}"
        plain = f"repo:{self.owner}/{self.name}{tail}"
        if not (self.owner_id and self.id):
            return (plain,)
        return (plain, f"repo:{self.owner}@{self.owner_id}/{self.name}@{self.id}{tail}")


def code_owners(policies: Sequence[Policy], authors: Sequence[str] = ()) -> str:
    """Lines for CODEOWNERS: what decides about models is reviewed by those who answer for them.

    Where branchline.yaml names nobody, the lines are comments, which GitHub passes over: with those
    who wrote the most, as far as GitHub would know them. No name is made up.

    Args:
        policies: Of all models.
        authors: Addresses of those who wrote the commits, most often first.
    """
    section = policies[0].sections.get("github")
    owners = section.get("owners", ()) if isinstance(section, dict) else ()
    paths = ["/.github/"]
    for policy in policies:
        paths.append(f"/{policy.source or 'branchline.yaml'}")
        data = [*policy.gate.data]
        if policy.gate.predictions is not None:
            data.append(policy.gate.predictions.path)
        paths += [f"/{path}" for path in data]
    lines = ["# .github/CODEOWNERS: what decides about models."]
    mark = ""
    if not owners:
        owners = _known_to_github(authors) or ("@WHO",)
        mark = "# "
        lines += _NOBODY
    names = " ".join(str(owner) for owner in owners)
    lines += [f"{mark}{_pattern(path)} {names}" for path in dict.fromkeys(paths)]
    return "\n".join(lines) + "\n"


_NOBODY = (
    "# Nobody is named yet, so these lines are comments. Name who reviews, and print this again:",
    "#   github: {owners: ['@NAME', '@ORGANISATION/TEAM']} in branchline.yaml",
    "# Each must be allowed to write to the repository, or GitHub leaves the line out.",
)
_MOST_OWNERS = 3
_NOREPLY = re.compile(r"(?:[0-9]+\+)?(?P<login>[A-Za-z0-9-]+)@users\.noreply\.github\.com")


def _known_to_github(authors: Sequence[str]) -> tuple[str, ...]:
    """Authors as CODEOWNERS takes them: logins where an address tells one, else addresses."""
    found: dict[str, None] = {}
    for author in authors:
        private = _NOREPLY.fullmatch(author)
        if private:
            found[f"@{private['login']}"] = None
        elif re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", author):
            is_program = "noreply" in author or "no-reply" in author
            if not is_program:
                found[author] = None
    return tuple(found)[:_MOST_OWNERS]


def _pattern(path: str) -> str:
    """A path as CODEOWNERS takes it: signs of patterns and spaces escaped."""
    return "".join(f"\\{char}" if char in " #\\*?[]!" else char for char in path)


def repository_name(policy: Policy, origin: str) -> str:
    """`owner/name` as the settings say, or the URL of `origin`; "" where neither does."""
    section = policy.sections.get("github")
    named = section.get("repository", "") if isinstance(section, dict) else ""
    found = _ORIGIN.search(origin)
    return str(named) or (f"{found['owner']}/{found['name']}" if found else "")


def aws_trust(models: Sequence[Facts], repository: Repository) -> str:
    """Who may take the role: jobs of the training environments of this repository, nobody else.

    Raises:
        ConfigError: branchline.yaml names no role.
    """
    account = _account(_aws_of(models))
    environments = dict.fromkeys(
        name
        for facts in models
        for name in (
            facts.train_environment,
            facts.pull_environment,
            facts.register_environment if facts.registers and facts.register_takes_role else "",
            *(one.environment for one in facts.deploys if facts.register_takes_role),
        )
    )
    subjects = [one for name in environments if name for one in repository.subjects(name)]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{_PROVIDER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{_PROVIDER}:aud": "sts.amazonaws.com",
                        f"{_PROVIDER}:sub": subjects,
                    }
                },
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _aws_of(models: Sequence[Facts]) -> AwsFacts:
    for facts in models:
        if facts.aws is not None:
            return facts.aws
    raise ConfigError(
        "branchline.yaml: github.aws: is not set, so no job takes a role of AWS",
        todo="Add e.g. github: {aws: {role: 'arn:aws:iam::123456789012:role/training', "
        "region: eu-central-1}}.",
    )


def _account(aws: AwsFacts) -> str:
    return aws.role.split(":")[4]


def access_policy(bucket: str, prefix: str) -> str:
    """What the role may do: read and write below one prefix of one bucket; delete nothing."""
    below = f"{prefix.strip('/')}/*" if prefix.strip("/") else "*"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{bucket}",
                "Condition": {"StringLike": {"s3:prefix": below}},
            },
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": f"arn:aws:s3:::{bucket}/{below}",
            },
        ],
    }
    return json.dumps(document, indent=2) + "\n"


_AWS_SCRIPT = """\
#!/usr/bin/env bash
# Makes the role that trainings of <<repository>> take on AWS, or brings it up to date.
# Run it as often as you like, signed in to account <<account>>.
set -euo pipefail
role=<<role>>
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/trust.json" <<'JSON'
<<trust>>
JSON
<<access>>
provider="arn:aws:iam::<<account>>:oidc-provider/<<provider>>"
if ! aws iam get-open-id-connect-provider --open-id-connect-provider-arn "$provider" \\
  > /dev/null 2>&1; then
  aws iam create-open-id-connect-provider --url https://<<provider>> \\
    --client-id-list sts.amazonaws.com > /dev/null
  echo "made the identity provider"
fi
if aws iam get-role --role-name "$role" > /dev/null 2>&1; then
  aws iam update-assume-role-policy --role-name "$role" \\
    --policy-document "file://$folder/trust.json"
  aws iam update-role --role-name "$role" --max-session-duration <<seconds>>
else
  aws iam create-role --role-name "$role" --max-session-duration <<seconds>> \\
    --assume-role-policy-document "file://$folder/trust.json" > /dev/null
  echo "made the role $role"
fi
<<attach>>
echo "the role $role is up to date"
"""

_ACCESS = """\
cat > "$folder/access.json" <<'JSON'
<<access>>
JSON
"""

_ATTACH = """\
aws iam put-role-policy --role-name "$role" --policy-name branchline-store \\
  --policy-document "file://$folder/access.json"
"""


def aws_script(models: Sequence[Facts], repository: Repository, store: str | None) -> str:
    """A script for the AWS command line that makes the role; twice is once.

    Args:
        models: Facts of all models.
        repository: Whose jobs may take the role.
        store: URL of the store; the role gets access to it where it is a bucket of S3.

    Raises:
        ConfigError: branchline.yaml names no role.
    """
    aws = _aws_of(models)
    access = ""
    if store and store.startswith("s3://"):
        bucket, _, prefix = store.removeprefix("s3://").partition("/")
        access = access_policy(bucket, prefix)
    return fill(
        _AWS_SCRIPT,
        repository=f"{repository.owner}/{repository.name}",
        account=_account(aws),
        role=shell_word(aws.role.rpartition("/")[2]),
        trust=aws_trust(models, repository),
        access=fill(_ACCESS, access=access) if access else "",
        attach=_ATTACH if access else "",
        provider=_PROVIDER,
        seconds=str(aws.seconds),
    )
