//! The last result of a slow step, kept beside the hash of what it was made from.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::tools::Workspace;

/// Results of earlier builds; each name holds one, so the directory does not grow.
pub(crate) struct Cache {
    directory: PathBuf,
}

impl Cache {
    /// Opens the cache of this workspace.
    pub(crate) fn open(workspace: &Workspace) -> Result<Self> {
        let directory = workspace.work().join("cache");
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        Ok(Self { directory })
    }

    /// Returns what `make` made of the same `input` last time, else makes it now.
    pub(crate) fn get(
        &self,
        name: &str,
        input: &[&[u8]],
        make: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let key = fingerprint(input);
        let result = self.directory.join(name.replace('/', "+"));
        let made_from = result.with_added_extension("key");
        if fs::read_to_string(&made_from).is_ok_and(|last| last == key)
            && let Ok(bytes) = fs::read(&result)
        {
            return Ok(bytes);
        }
        let bytes = make()?;
        // The key goes first and comes back last: a build that is stopped in between leaves a
        // result without a key, which is made again.
        let _ = fs::remove_file(&made_from);
        fs::write(&result, &bytes).with_context(|| format!("cannot write {}", result.display()))?;
        fs::write(&made_from, key)
            .with_context(|| format!("cannot write {}", made_from.display()))?;
        Ok(bytes)
    }
}

/// The SHA-256 of some byte strings in hexadecimal; where one ends and the next begins counts.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
