"""Station `effects`: what does the world get to know? Effects are data; `flows.apply` does them."""
