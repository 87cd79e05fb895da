//! Requests to a bank in plain English.
//!
//! Words are cut into clauses at a verb that the bank knows, at a joining word and at punctuation.
//! A clause without a verb goes on with the one before: "transfer 500 to Alice and 30 to Bob".

/// One thing that the person wants, with what has been said about it.
pub(crate) enum Wish {
    CheckBalance,
    Deposit { amount: Option<String> },
    Transfer { amount: Option<String>, recipient: Option<String> },
}

/// The wishes in a message, in the order they were said.
pub(crate) fn wishes(message: &str) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let mut verb = None;
    for clause in clauses(message) {
        let wish = match clause.verb {
            Some(said) => {
                let wish = said.wish(&clause.words);
                verb = wish.as_ref().map(|_| said);
                wish
            }
            None => verb.and_then(|verb| verb.go_on(&clause)),
        };
        wishes.extend(wish);
    }
    wishes
}

/// The number after "lorem", for a text of so many words.
pub(crate) fn lorem(message: &str) -> Option<usize> {
    let mut words = message.split_ascii_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("lorem"))?;
    words.next()?.replace(',', "").parse().ok()
}

#[derive(Clone, Copy, PartialEq)]
enum Verb {
    Balance,
    Deposit,
    /// "Add" or "put", which also have nothing to do with money.
    MaybeDeposit,
    Transfer,
    /// "Send" or "pay", likewise.
    MaybeTransfer,
}

#[derive(Default)]
struct Clause<'a> {
    /// Whether a joining word stands before it.
    joined: bool,
    verb: Option<Verb>,
    words: Vec<&'a str>,
}

fn clauses(message: &str) -> Vec<Clause<'_>> {
    let mut clauses = Vec::new();
    let mut clause = Clause::default();
    let mut before = ["", ""];
    for raw in message.split_ascii_whitespace() {
        let word = raw.trim_end_matches([',', ';', ':', '.', '!', '?', ')', '"', '\'', '*']);
        let word = word.trim_start_matches(['(', '"', '\'', '*']);
        let lower = word.to_ascii_lowercase();
        let verb = verb(&lower, before);
        let joins = ["and", "then", "also", "plus", "&"].contains(&lower.as_str());
        if verb.is_some() && clause.says_something() || joins {
            clauses.push(core::mem::take(&mut clause));
        }
        if verb.is_some() {
            clause.verb = verb;
        } else if joins {
            clause.joined = true;
        } else if !word.is_empty() {
            clause.words.push(word);
        }
        if raw.ends_with([',', ';', '.', '!', '?']) {
            clauses.push(core::mem::take(&mut clause));
        }
        before = [before[1], word];
    }
    clauses.push(clause);
    clauses
}

impl Clause<'_> {
    fn says_something(&self) -> bool {
        self.verb.is_some() || !self.words.is_empty()
    }
}

fn verb(lower: &str, before: [&str; 2]) -> Option<Verb> {
    match lower {
        // "Add 50 to my balance" does not ask for the balance.
        "balance" if !before.iter().any(|word| ["to", "from", "into"].contains(word)) => {
            Some(Verb::Balance)
        }
        // "How much do I have?"
        "much" if before[1].eq_ignore_ascii_case("how") => Some(Verb::Balance),
        "deposit" => Some(Verb::Deposit),
        "add" | "put" => Some(Verb::MaybeDeposit),
        "transfer" | "wire" => Some(Verb::Transfer),
        "send" | "pay" => Some(Verb::MaybeTransfer),
        _ => None,
    }
}

impl Verb {
    fn wish(self, words: &[&str]) -> Option<Wish> {
        let amount = words.iter().find_map(|word| amount(word));
        match self {
            Verb::Balance => Some(Wish::CheckBalance),
            Verb::MaybeDeposit if amount.is_none() => None,
            Verb::Deposit | Verb::MaybeDeposit => Some(Wish::Deposit { amount }),
            Verb::Transfer | Verb::MaybeTransfer => {
                let recipient = recipient(words);
                let meant = self == Verb::Transfer || amount.is_some() || words.contains(&"to");
                meant.then_some(Wish::Transfer { amount, recipient })
            }
        }
    }

    /// A clause that leaves the verb out must still speak of money or of someone.
    fn go_on(self, clause: &Clause<'_>) -> Option<Wish> {
        let words = &clause.words;
        let has_money = words.iter().any(|word| amount(word).is_some());
        match self {
            Verb::Balance => None,
            Verb::Deposit | Verb::MaybeDeposit if has_money => self.wish(words),
            Verb::Transfer | Verb::MaybeTransfer if has_money || words.contains(&"to") => {
                self.wish(words)
            }
            // "Transfer 50 to Alice and Bob" leaves open how much Bob gets.
            Verb::Transfer | Verb::MaybeTransfer
                if clause.joined && words.len() == 1 && is_name(words[0]) =>
            {
                Some(Wish::Transfer { amount: None, recipient: recipient(words) })
            }
            _ => None,
        }
    }
}

/// Who gets the money: the name after "to", or the first name that is said.
fn recipient(words: &[&str]) -> Option<String> {
    let after = match words.iter().position(|word| *word == "to") {
        Some(to) => &words[to + 1..],
        None => words,
    };
    let name = match after.iter().position(|word| is_name(word)) {
        Some(start) => {
            let more = after[start..].iter().take_while(|word| is_name(word)).count();
            after[start..start + more].join(" ")
        }
        // "send $500 to alice"
        None if after.len() < words.len() => {
            let word = after.iter().find(|word| !["my", "the", "a", "an"].contains(*word))?;
            if ["me", "him", "her", "them", "you"].contains(word) || amount(word).is_some() {
                return None;
            }
            capitalised(word)
        }
        None => return None,
    };
    Some(name)
}

/// Letters outside ASCII have no case here: "Łukasz" and "李" are names.
fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase() || !first.is_ascii())
        && !["I", "EUR", "USD", "GBP"].contains(&word)
        && amount(word).is_none()
}

fn capitalised(word: &str) -> String {
    let mut name = word.to_owned();
    if word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        name[..1].make_ascii_uppercase();
    }
    name
}

/// An amount as people write it, `50`, `$1,234.50` or `12,50€`, as a number in JSON.
///
/// It stays text, so that no digit is lost and no float is formatted.
fn amount(word: &str) -> Option<String> {
    const CURRENCIES: [char; 3] = ['$', '€', '£'];
    let digits = word.trim_matches(CURRENCIES);
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start_matches(CURRENCIES)),
        None => ("", digits),
    };
    let (whole, cents) = match digits.split_once('.').or_else(|| digits.rsplit_once(',')) {
        // Three digits behind a comma are thousands, one or two are cents.
        Some((_, last)) if !digits.contains('.') && last.len() > 2 => (digits, ""),
        Some(parts) => parts,
        None => (digits, ""),
    };
    if whole.split(',').skip(1).any(|group| group.len() != 3) {
        return None;
    }
    let whole = whole.replace(',', "");
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let many = whole.len() + cents.len();
    if many == 0 || many > DIGITS_MAX || !all_digits(&whole) || !all_digits(cents) {
        return None;
    }
    let (whole, cents) = (whole.trim_start_matches('0'), cents.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if cents.is_empty() { "" } else { "." };
    Some([sign, whole, point, cents].concat())
}

/// More digits than that are an account number, not an amount.
const DIGITS_MAX: usize = 21;
