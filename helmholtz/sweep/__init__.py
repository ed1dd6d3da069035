"""Many runs: which they are, and who trains them, on this machine or on a cluster."""
