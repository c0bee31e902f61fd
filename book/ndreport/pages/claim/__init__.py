"""Whether the claim of both papers holds on test accuracies."""
