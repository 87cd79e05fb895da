//! Names of things and points in time, made by the caller.

use std::fmt;

use serde_json::Value;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps a name that the caller guarantees to be unique among its kind.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&$name> for Value {
            fn from(name: &$name) -> Self {
                name.0.as_str().into()
            }
        }
    };
}

id! {
    /// One conversation; it holds runs.
    ThreadId
}
id! {
    /// One request of a person until its final answer.
    RunId
}
id! {
    /// One action of one run; see [`CallId::of`].
    CallId
}

impl CallId {
    /// The id of the `index`-th call of a turn. It is derived, so that a replay finds the same
    /// one, and it is ours, because some providers use an id twice.
    pub fn of(run: &RunId, turn: u32, index: usize) -> Self {
        Self(format!("{run}.{turn}.{index}"))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z, by the clock of whoever made the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time that many milliseconds after the epoch.
    pub fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub fn as_millis(self) -> u64 {
        self.0
    }

    /// The time `millis` later.
    #[must_use]
    pub fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        time.0.into()
    }
}
