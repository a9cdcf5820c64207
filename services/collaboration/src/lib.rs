//! Committees, parent schools, visits, open days, parent sessions, messages, consents and partners.
