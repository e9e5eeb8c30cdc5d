"""Who may: people and their passwords, sessions, a proxy in front, OpenID Connect."""
