//! What we and a helper say to each other, a line of JSON each.

use serde::{Deserialize, Serialize};

use crate::{Family, Job, Opening, Round};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Open(Opening),
    Round(Job),
}

/// What is answered, or the text of what went wrong.
pub(crate) type Answer = std::result::Result<Said, String>;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Opened { lacks: Vec<Family>, versions: Vec<String> },
    Measured(Round),
}
