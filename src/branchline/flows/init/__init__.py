"""Flow `init`: looks at a repository and proposes its branchline.yaml; writes nothing."""

from branchline.flows.init.checked import check
from branchline.flows.init.guess import About, Certainty, Guess, Question
from branchline.flows.init.proposal import Proposal, propose

__all__ = ["About", "Certainty", "Guess", "Proposal", "Question", "check", "propose"]
