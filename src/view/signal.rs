//! Values that views follow.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use leptos::reactive::owner::LocalStorage;
use leptos::reactive::signal::RwSignal;
use leptos::reactive::traits::{GetUntracked, Notify, Track};

/// A value, and who follows it. It is there as long as the owner under which it was made; from then
/// on it reads as nothing, and nobody hears of it.
///
/// Inside, all are of one type of Leptos' signals: each type that those are made of is compiled
/// anew, with all that a signal can do.
pub struct Signal<T> {
    erased: Erased,
    of: PhantomData<fn() -> T>,
}

type Erased = RwSignal<Rc<dyn Any>, LocalStorage>;

impl<T: 'static> Signal<T> {
    /// A signal of the current owner.
    pub fn new(value: T) -> Self {
        Self { erased: made(Rc::new(RefCell::new(value))), of: PhantomData }
    }

    /// Follows the value.
    pub fn track(self) {
        follow(self.erased);
    }

    /// Reads the value and follows it.
    pub fn with<U: Default>(self, read: impl FnOnce(&T) -> U) -> U {
        self.track();
        self.with_untracked(read)
    }

    /// Reads the value.
    pub fn with_untracked<U: Default>(self, read: impl FnOnce(&T) -> U) -> U {
        self.cell().map(|cell| read(&cell.borrow())).unwrap_or_default()
    }

    /// Changes the value.
    pub fn update(self, change: impl FnOnce(&mut T)) {
        if let Some(cell) = self.cell() {
            change(&mut cell.borrow_mut());
            tell(self.erased);
        }
    }

    /// Puts another value in its place.
    pub fn set(self, value: T) {
        self.put(value);
        self.tell();
    }

    /// Puts another value in its place, and tells nobody yet.
    pub fn put(self, value: T) {
        if let Some(cell) = self.cell() {
            cell.replace(value);
        }
    }

    /// Tells those who follow the value.
    pub fn tell(self) {
        tell(self.erased);
    }

    fn cell(self) -> Option<Rc<RefCell<T>>> {
        content(self.erased)?.downcast().ok()
    }
}

impl<T: Clone + 'static> Signal<T> {
    /// A copy of the value, unless its owner is gone.
    pub fn peek(self) -> Option<T> {
        self.cell().map(|cell| cell.borrow().clone())
    }

    /// A copy of the value, which is followed.
    pub fn get(self) -> T
    where
        T: Default,
    {
        self.track();
        self.get_untracked()
    }

    /// A copy of the value.
    pub fn get_untracked(self) -> T
    where
        T: Default,
    {
        self.peek().unwrap_or_default()
    }
}

impl<T> Copy for Signal<T> {}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

fn made(content: Rc<dyn Any>) -> Erased {
    RwSignal::new_local(content)
}

fn content(signal: Erased) -> Option<Rc<dyn Any>> {
    signal.try_get_untracked()
}

fn follow(signal: Erased) {
    signal.track();
}

fn tell(signal: Erased) {
    signal.notify();
}
