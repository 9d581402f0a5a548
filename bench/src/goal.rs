//! What a figure is to be.

use std::fmt;

use serde::Serialize;

use crate::report::rounded;

/// A figure beside its goal.
#[derive(Serialize)]
pub struct Goal {
    what: &'static str,
    figure: f64,
    #[serde(flatten)]
    bound: Bound,
    met: bool,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    Under(f64),
    AtLeast(f64),
}

impl Goal {
    pub fn under(what: &'static str, figure: f64, bound: f64) -> Self {
        Self {
            what,
            figure: rounded(figure, 100.0),
            bound: Bound::Under(bound),
            met: figure < bound,
        }
    }

    pub fn at_least(what: &'static str, figure: f64, bound: f64) -> Self {
        let met = figure >= bound;
        Self { what, figure: rounded(figure, 100.0), bound: Bound::AtLeast(bound), met }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = match self.bound {
            Bound::Under(bound) => format!("under {bound}"),
            Bound::AtLeast(bound) => format!("at least {bound}"),
        };
        let met = if self.met { "met" } else { "MISSED" };
        write!(f, "{:<48} {:>9.2}  goal: {bound}, {met}", self.what, self.figure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_say_whether_they_are_met() {
        assert!(Goal::under("cost", 1.4, 1.5).met);
        // What is rounded for the eye is judged as it is.
        let missed = Goal::under("cost", 1.5001, 1.5);
        assert!(missed.to_string().ends_with("1.50  goal: under 1.5, MISSED"), "{missed}");
        let line = serde_json::to_string(&Goal::at_least("slowest", 0.5, 0.5)).unwrap();
        assert_eq!(line, r#"{"what":"slowest","figure":0.5,"at_least":0.5,"met":true}"#);
    }
}
