//! Asking the model for a turn.

use std::rc::Rc;

use futures_util::future::abortable;
use holdpoint_core::message::Message;
use holdpoint_core::run::{Input, Run};

use super::ports::{Trouble, TroubleKind};
use super::{Driver, Kept};

impl Driver {
    pub(super) fn ask_model(&self, kept: &Rc<Kept>, turn: u32) {
        let Some(run) = kept.run.borrow().clone() else { return };
        if kept.asking.borrow().is_some() {
            return;
        }
        let request = run.request(self.earlier(&run), &self.world.tools.toolbox());
        self.world.observer.turn_began(&kept.id);
        let observer = Rc::clone(&self.world.observer);
        let id = kept.id.clone();
        let on_delta = Box::new(move |delta| observer.delta(&id, &delta));
        let (answer, asking) = abortable(self.world.model.call(request, on_delta));
        kept.asking.replace(Some((turn, asking)));
        let (driver, kept) = (self.clone(), Rc::clone(kept));
        self.spawn(async move {
            let Ok(answer) = answer.await else { return };
            kept.asking.take();
            match answer {
                Ok(response) => {
                    let tools = &driver.world.tools;
                    let run = kept.run.borrow().clone();
                    let drafted = run.map(|run| run.draft(&response, &tools.toolbox()));
                    let notes = drafted.iter().flatten().map(|action| tools.note(action)).collect();
                    driver.tell(&kept, Input::ModelResponded { turn, response, notes }).await;
                }
                Err(error) => {
                    let kind =
                        if error.offline { TroubleKind::Offline } else { TroubleKind::Model };
                    let message = error.to_string();
                    let trouble = Trouble { code: error.code, message, fix: error.fix, kind };
                    driver.show_trouble(&kept, Some(trouble));
                }
            }
        });
    }

    /// The conversation before a run: the runs of its thread that were over when it began.
    fn earlier(&self, run: &Run) -> Vec<Message> {
        self.runs()
            .iter()
            .filter(|other| {
                other.spec().thread == run.spec().thread
                    && other.started_at() < run.started_at()
                    && other.status().is_over()
            })
            .flat_map(|other| other.messages())
            .collect()
    }
}
