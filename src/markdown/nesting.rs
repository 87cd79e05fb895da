//! The levels of headings, as a reader meets them.

use super::Block;

/// The levels as written, of the headings that the next one stands under.
#[derive(Clone, Debug, Default)]
pub struct Headings(Vec<u8>);

impl Headings {
    /// Makes the first heading one of level 1, and none more than one level deeper than the one that
    /// it stands under: whoever goes from heading to heading must not look for one that is not there.
    ///
    /// A heading depends on those before it alone, so a text that grows changes none of them.
    pub fn nest(&mut self, blocks: &mut [Block]) {
        for block in blocks {
            match block {
                Block::Heading { level, .. } => {
                    while self.0.last().is_some_and(|last| last >= level) {
                        self.0.pop();
                    }
                    self.0.push(*level);
                    // Six levels at most, since each is deeper than the one before.
                    *level = self.0.len() as u8;
                }
                Block::Quote(blocks) => self.nest(blocks),
                Block::List { items, .. } => items.iter_mut().for_each(|item| self.nest(item)),
                _ => {}
            }
        }
    }
}
