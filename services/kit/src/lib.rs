//! What every service needs and that knows nothing of the trade.
