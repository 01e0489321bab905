//! What DSPy was seen to answer, and what the rules of ours add.

mod corpus;
