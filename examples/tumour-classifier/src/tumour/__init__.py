"""Code shared by the stages of the tumour classifier."""
