//! What goes to the model and comes back, for whoever looks on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One thing that happened in an exchange with the model.
#[derive(Clone, Debug, PartialEq)]
pub enum WireFact {
    /// It was asked.
    Asked {
        /// Where, without what may be a secret in the address.
        url: String,
        /// The body.
        body: String,
    },
    /// The answer began.
    Answered {
        /// The status of HTTP.
        status: u16,
        /// Headers that are no secret.
        headers: Vec<(&'static str, String)>,
    },
    /// A piece of the answer came.
    Arrived(String),
    /// No more of it will come; the code of what went wrong, if anything did.
    Ended(Option<String>),
}

/// The wire of one widget. As long as nobody looks on, nothing is made of what passes.
#[derive(Clone, Default)]
pub struct Wire(Rc<Inner>);

#[derive(Default)]
struct Inner {
    count: Cell<u32>,
    onlooker: RefCell<Option<Onlooker>>,
}

/// Hears of each fact, with the number of its exchange.
type Onlooker = Box<dyn Fn(u32, WireFact)>;

impl Wire {
    /// Has everything told from now on.
    pub fn look_on(&self, onlooker: Onlooker) {
        self.0.onlooker.replace(Some(onlooker));
    }

    /// Begins an exchange; none where nobody looks on, and then nobody makes a text of the body.
    pub fn begin(&self, url: &str, body: &dyn Fn() -> String) -> Option<Exchange> {
        self.0.onlooker.borrow().as_ref()?;
        let number = self.0.count.get() + 1;
        self.0.count.set(number);
        let exchange = Exchange { wire: self.clone(), number, is_open: Cell::new(true) };
        exchange.tell(WireFact::Asked { url: without_secrets(url), body: body() });
        Some(exchange)
    }
}

/// One question and its answer.
pub struct Exchange {
    wire: Wire,
    number: u32,
    is_open: Cell<bool>,
}

impl Exchange {
    /// Tells what happened.
    pub fn tell(&self, fact: WireFact) {
        if matches!(fact, WireFact::Ended(_)) {
            self.is_open.set(false);
        }
        if let Some(onlooker) = &*self.wire.0.onlooker.borrow() {
            onlooker(self.number, fact);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.is_open.get() {
            self.tell(WireFact::Ended(Some("given_up".to_owned())));
        }
    }
}

/// An address without its query and without a name and password before the host.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("//") else { return url.to_owned() };
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, ["/", path].concat()),
        None => (rest, String::new()),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    [scheme, "//", host, &path].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_told_without_its_secrets() {
        for (url, told) in [
            ("/v1/responses", "/v1/responses"),
            ("/v1/responses?key=s3cret", "/v1/responses"),
            ("https://ada:s3cret@host/v1#s3cret", "https://host/v1"),
            ("//ada@host", "//host"),
            ("https://host/at@home", "https://host/at@home"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }

    #[test]
    fn exchange_that_is_dropped_was_given_up() {
        let wire = Wire::default();
        assert!(wire.begin("/v1", &|| unreachable!("nobody looks on")).is_none());
        let told = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&told);
        wire.look_on(Box::new(move |number, fact| log.borrow_mut().push((number, fact))));
        drop(wire.begin("/v1", &|| "{}".into()));
        let whole = wire.begin("/v1", &|| "{}".into()).unwrap();
        whole.tell(WireFact::Ended(None));
        drop(whole);
        let ends: Vec<_> = told
            .borrow()
            .iter()
            .filter(|(_, it)| matches!(it, WireFact::Ended(_)))
            .cloned()
            .collect();
        let given_up = WireFact::Ended(Some("given_up".to_owned()));
        assert_eq!(ends, [(1, given_up), (2, WireFact::Ended(None))]);
    }
}
