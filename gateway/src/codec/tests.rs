mod claims;
mod dice;
mod properties;
