//! Which scans are explained again when another model becomes the best one of their dataset.

use std::fmt;
use std::str::FromStr;

/// The policy: what `report.reexplain` says. By default none is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reexplanation {
    /// None.
    #[default]
    Never,
    /// Of each dataset so many of those that have a report, the newest; at least 1.
    Latest(usize),
    /// All that have a report.
    All,
}

impl Reexplanation {
    /// Of each dataset's scans that have a report, the newest first, how many are to be explained by its best model.
    pub fn n_newest(self) -> usize {
        match self {
            Self::Never => 0,
            Self::Latest(n) => n,
            Self::All => usize::MAX,
        }
    }
}

/// `never`, `latest N` or `all`.
impl FromStr for Reexplanation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let latest = |text: &str| text.strip_prefix("latest ")?.parse().ok().filter(|n| *n > 0).map(Self::Latest);
        match text {
            "never" => Ok(Self::Never),
            "all" => Ok(Self::All),
            _ => latest(text).ok_or_else(|| {
                format!("`{text}` is no policy; write \"never\", \"all\" or \"latest N\", for example \"latest 100\"")
            }),
        }
    }
}

impl fmt::Display for Reexplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => write!(f, "never"),
            Self::Latest(n) => write!(f, "latest {n}"),
            Self::All => write!(f, "all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_as_it_is_written_and_anything_else_refused() {
        for policy in [Reexplanation::Never, Reexplanation::Latest(100), Reexplanation::All] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        for wrong in ["", "Never", "latest", "latest 0", "latest -1", "latest x", "100", "latest 1 2"] {
            let message = wrong.parse::<Reexplanation>().unwrap_err();
            assert!(message.starts_with(&format!("`{wrong}` is no policy; write \"never\"")), "{message}");
        }
    }

    #[test]
    fn a_policy_says_how_many() {
        let policies = [Reexplanation::default(), Reexplanation::Latest(3), Reexplanation::All];
        assert_eq!(policies.map(Reexplanation::n_newest), [0, 3, usize::MAX]);
    }
}
