//! What a transaction has read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::node::Node;
use crate::read::Question;

#[derive(Debug, Default)]
pub(crate) struct Seen {
    answers: BTreeMap<Question, u128>,
    /// Whether one question had two answers.
    moved: bool,
}

impl Seen {
    /// Remembers the print of an answer.
    pub(crate) fn add(&mut self, question: Question, print: u128) {
        let before = *self.answers.entry(question).or_insert(print);
        self.moved |= before != print;
    }

    /// Whether all questions have the same answers now.
    pub(crate) fn stands(&self, root: &Arc<Node>) -> bool {
        !self.moved
            && self.answers.iter().all(|(question, print)| question.print(root) == Some(*print))
    }
}
