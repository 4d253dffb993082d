"""What the product costs, each beside a floor measured in the same run."""
