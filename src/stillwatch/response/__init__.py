"""What is done about a campaign: policy, decisions, the ledger, appeals, and what gateways are told."""
