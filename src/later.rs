//! Parts of the widget that come later than the rest.
//!
//! A function made by [`later!`] begins a part: a build with the feature `split` cuts the wasm so
//! that what only this function reaches is a file of its own, which is fetched by the first call.
//! Without the feature it is an ordinary function with a future around it.

/// A part could not be fetched. The next call tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotLoaded;

impl NotLoaded {
    /// A stable code.
    pub(crate) const CODE: &str = "load_failed";
    /// What happened.
    pub(crate) const MESSAGE: &str = "a part of the assistant could not be loaded";
    /// What to do about it.
    pub(crate) const FIX: &str =
        "serve all files of the package beside holdpoint.js, from the same build, then try again";
}

#[cfg(feature = "split")]
impl From<wasm_split_helpers::SplitLoaderError> for NotLoaded {
    fn from(_: wasm_split_helpers::SplitLoaderError) -> Self {
        Self
    }
}

/// Makes a function the beginning of a part that is named first.
macro_rules! later {
    (
        $(#[$attribute:meta])*
        $part:ident: fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty $body:block
    ) => {
        $(#[$attribute])*
        #[cfg(feature = "split")]
        #[wasm_split_helpers::wasm_split($part, fallible)]
        pub(super) fn $name($($argument: $type),*) -> Result<$result, $crate::later::NotLoaded> {
            Ok($body)
        }

        $(#[$attribute])*
        #[cfg(not(feature = "split"))]
        pub(super) async fn $name(
            $($argument: $type),*
        ) -> Result<$result, $crate::later::NotLoaded> {
            Ok($body)
        }
    };
}
pub(crate) use later;
