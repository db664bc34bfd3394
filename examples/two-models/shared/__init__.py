"""What both models use."""
