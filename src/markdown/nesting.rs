//! The levels of headings, as a reader meets them.

use super::Block;

/// Makes the first heading one of level 1, and none more than one level deeper than the one that it
/// stands under: whoever goes from heading to heading must not look for one that is not there.
///
/// A heading depends on those before it alone, so a text that grows changes none of them.
pub fn nest_headings(blocks: &mut [Block]) {
    nest(blocks, &mut Vec::new());
}

/// `above` has the levels as written, of the headings that the next one stands under.
fn nest(blocks: &mut [Block], above: &mut Vec<u8>) {
    for block in blocks {
        match block {
            Block::Heading { level, .. } => {
                while above.last().is_some_and(|last| last >= level) {
                    above.pop();
                }
                above.push(*level);
                // Six levels at most, since each is deeper than the one before.
                *level = above.len() as u8;
            }
            Block::Quote(blocks) => nest(blocks, above),
            Block::List { items, .. } => items.iter_mut().for_each(|item| nest(item, above)),
            _ => {}
        }
    }
}
