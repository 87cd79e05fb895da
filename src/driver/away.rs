//! What becomes of runs while their element is out of the page. What is under way is finished, and
//! nothing else is begun: a run of which nothing is under way is left to whoever takes it over, be it
//! another element or this one when it is back.

use std::rc::Rc;

use super::ports::{Task, TroubleKind};
use super::record::rests;
use super::{Driver, Kept};

impl Driver {
    /// Whether runs are carried on here: while the element is in the page.
    pub fn be_here(&self, is_here: bool) {
        if self.is_away.replace(!is_here) != is_here {
            return;
        }
        for kept in self.all() {
            if is_here {
                self.carry_on(&kept);
            } else {
                if let Some(TroubleKind::Retrying { .. }) = kept.trouble.get() {
                    kept.stop_asking();
                    self.show_trouble(&kept, None);
                }
                let driver = self.clone();
                self.spawn(async move { driver.let_go(&kept).await });
            }
        }
    }

    fn carry_on(&self, kept: &Rc<Kept>) {
        if kept.lease.borrow().is_some() {
            self.perform_outstanding(kept);
        } else if kept.run.borrow().as_ref().is_some_and(|run| !rests(run)) {
            self.take_over(kept);
        }
    }

    /// Does what a run has to be held for until it is done.
    pub(super) fn spawn_for(&self, kept: &Rc<Kept>, task: Task<()>) {
        kept.under_way.set(kept.under_way.get() + 1);
        let (driver, kept) = (self.clone(), Rc::clone(kept));
        self.spawn(async move {
            task.await;
            kept.under_way.set(kept.under_way.get() - 1);
            driver.let_go(&kept).await;
        });
    }

    /// Leaves a run to others, if nothing of it is done here any more.
    async fn let_go(&self, kept: &Kept) {
        if self.is_away.get() {
            // Whatever is being decided may be what begins the next thing.
            let _gate = kept.gate.lock().await;
            self.let_go_if_idle(kept);
        }
    }

    /// The same, with the gate held.
    pub(super) fn let_go_if_idle(&self, kept: &Kept) {
        // What could not be saved is known here alone.
        let is_idle = kept.under_way.get() == 0 && kept.unsaved.borrow().is_empty();
        if self.is_away.get() && is_idle {
            kept.lease.take();
        }
    }
}
