//! A line of JSON for each event, as a program reads it.
//!
//! The subscriber's own JSON format reads the fields of a span again for each line; these are
//! written once, as they will stand in the line.

use std::cell::RefCell;
use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// The standard error of the process, without the lock that the library's own holds while a line is
/// written: the threads would wait for each other. What is one write the system keeps whole.
#[derive(Clone)]
pub(crate) struct Output(Arc<Raw>);

#[cfg(unix)]
type Raw = std::fs::File;

#[cfg(not(unix))]
type Raw = io::Stderr;

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// Lines of one thread that are not written yet.
struct Held {
    lines: Vec<u8>,
    output: Output,
}

impl Output {
    pub(crate) fn new() -> io::Result<Self> {
        #[cfg(unix)]
        let raw = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned()?.into();
        #[cfg(not(unix))]
        let raw = io::stderr();
        Ok(Output(Arc::new(raw)))
    }

    /// From now on this thread keeps its lines until it calls [`flush`], has a few of them, or ends.
    pub(crate) fn hold(&self) {
        HELD.set(Some(Held { lines: Vec::new(), output: self.clone() }));
    }
}

/// Writes what this thread has kept.
pub(crate) fn flush() {
    HELD.with_borrow_mut(|held| held.as_mut().map(Held::flush));
}

impl Held {
    fn push(&mut self, line: &[u8]) {
        if self.lines.len() + line.len() > WHOLE_BYTES_MAX {
            self.flush();
        }
        self.lines.extend_from_slice(line);
    }

    fn flush(&mut self) {
        if !self.lines.is_empty() {
            // Nobody can be told of a log that cannot be written.
            let _ = (&*self.output.0).write_all(&self.lines);
            self.lines.clear();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flush();
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = &'a Output;

    fn make_writer(&'a self) -> &'a Output {
        self
    }
}

impl Write for &Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let held = HELD.with_borrow_mut(|held| held.as_mut().map(|held| held.push(line)));
        if held.is_none() {
            (&*self.0).write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An event: when, how grave, what, where, and the request that it belongs to.
pub(crate) struct Lines;

impl<S> FormatEvent<S, Pairs> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, Pairs>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let about = event.metadata();
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        put(&mut line, &["\",\"level\":\"", about.level().as_str(), "\","])?;
        context.format_fields(line.by_ref(), event)?;
        // A path of modules has nothing to escape.
        put(&mut line, &[",\"target\":\"", about.target(), "\""])?;
        if let Some(span) = context.lookup_current()
            && let Some(fields) = span.extensions().get::<FormattedFields<Pairs>>()
        {
            put(&mut line, &[",\"span\":{", fields.as_str(), "}"])?;
        }
        line.write_str("}\n")
    }
}

/// Names and values as they stand between the braces of an object.
pub(crate) struct Pairs;

impl<'a> FormatFields<'a> for Pairs {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'a>, fields: R) -> fmt::Result {
        let mut pairs = Written { writer, is_first: true, result: Ok(()) };
        fields.record(&mut pairs);
        pairs.result
    }

    fn add_fields(
        &self,
        current: &'a mut FormattedFields<Self>,
        fields: &tracing::span::Record<'_>,
    ) -> fmt::Result {
        let is_first = current.fields.is_empty();
        let mut pairs = Written { writer: current.as_writer(), is_first, result: Ok(()) };
        fields.record(&mut pairs);
        pairs.result
    }
}

struct Written<'a> {
    writer: Writer<'a>,
    is_first: bool,
    result: fmt::Result,
}

impl Written<'_> {
    fn pair(&mut self, field: &Field, value: &[&str]) {
        let comma = if std::mem::take(&mut self.is_first) { "\"" } else { ",\"" };
        let name = put(&mut self.writer, &[comma, field.name(), "\":"]);
        self.result = self.result.and(name).and(put(&mut self.writer, value));
    }
}

impl Visit for Written<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain = |byte: u8| byte >= b' ' && !matches!(byte, b'"' | b'\\');
        if value.bytes().all(is_plain) {
            self.pair(field, &["\"", value, "\""]);
        } else {
            self.pair(field, &[&json(value)]);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.pair(field, &[&json(value)]);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.pair(field, &[&json(value)]);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.pair(field, &[&json(value)]);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.pair(field, &[&json(value)]);
    }
}

/// One piece after the other: to put them together by a format takes longer than to write them.
fn put(writer: &mut Writer<'_>, pieces: &[&str]) -> fmt::Result {
    pieces.iter().try_for_each(|piece| writer.write_str(piece))
}

/// Texts and numbers can always be written.
fn json(value: impl Serialize) -> String {
    serde_json::to_string(&value).unwrap_or_default()
}

/// A pipe keeps no longer piece whole (`PIPE_BUF` of Linux).
const WHOLE_BYTES_MAX: usize = 4096;
