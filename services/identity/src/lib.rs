//! Accounts, credentials, sessions and grants.
