//! Channels and the people behind them, as the file says.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use super::file::{ApproverFile, ChannelFile, WorkflowFile};
use super::read::{Known, Reader};
use super::{Approver, Channel, Escalation};
use crate::channels::{Mail, Push, Slack, Webhook};
use crate::push::Vapid;

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    pub(super) fn approver(&mut self, file: ApproverFile) -> Approver {
        let place = format!("approver {}", file.id);
        let email = file.email.and_then(|text| {
            let email = text.parse();
            email.map_err(|_| self.fault(format!("{place}: expected an address in `email`"))).ok()
        });
        Approver { name: file.name.unwrap_or(file.id), slack: file.slack, email }
    }

    /// A press of a button must be of one person.
    pub(super) fn each_of_slack_once(&mut self, approvers: &BTreeMap<String, Approver>) {
        let mut known = BTreeMap::new();
        for (id, slack) in approvers.iter().filter_map(|(id, it)| Some((id, it.slack.as_ref()?))) {
            if let Some(other) = known.insert(slack, id) {
                self.fault(format!("approver {id}: {slack} in Slack is {other} already"));
            }
        }
    }

    pub(super) fn channel(&mut self, file: ChannelFile) -> Option<Channel> {
        let place = format!("channel {}", file.name);
        let given = [
            ("url", file.url.is_some()),
            ("secret_env", file.secret_env.is_some()),
            ("channel", file.channel.is_some()),
            ("token_env", file.token_env.is_some()),
            ("api_url", file.api_url.is_some()),
            ("from", file.from.is_some()),
            ("url_env", file.url_env.is_some()),
            ("contact", file.contact.is_some()),
            ("services", file.services.is_some()),
        ];
        let fields: &[&str] = match file.kind.as_str() {
            "webhook" => &["url", "secret_env"],
            "slack" => &["channel", "token_env", "api_url"],
            "email" => &["from", "url_env"],
            "push" => &["contact", "services"],
            _ => {
                let expected = "expected kind to be \"webhook\", \"slack\", \"email\" or \"push\"";
                self.fault(format!("{place}: {expected}"));
                return None;
            }
        };
        for (name, _) in given.iter().filter(|(name, is)| *is && !fields.contains(name)) {
            self.fault(format!("{place}: there is no field {name} with kind {:?}", file.kind));
        }
        match file.kind.as_str() {
            "slack" => self.slack(file, &place).map(Channel::Slack),
            "email" => self.mail(&file, &place).map(Channel::Mail),
            "push" => self.push(file, &place).map(Channel::Push),
            _ => {
                let url = self.url(file.url.as_deref().unwrap_or_default(), &place);
                let signer = self.signer(file.secret_env.as_deref(), &place);
                Some(Channel::Webhook(Webhook { url: url?, signer: signer? }))
            }
        }
    }

    fn slack(&mut self, file: ChannelFile, place: &str) -> Option<Slack> {
        let place_id = file.channel.filter(|id| !id.is_empty());
        if place_id.is_none() {
            self.fault(format!("{place}: expected Slack's id of a channel in `channel`"));
        }
        let token = self.needed(file.token_env.as_deref().unwrap_or(SLACK_TOKEN), place);
        // Without it a button would be shown that nobody could press.
        let secret = self.needed(SLACK_SECRET, place);
        let url = file.api_url.as_deref().unwrap_or("https://slack.com/api/");
        let mut api = self.url(url, place)?;
        if !api.path().ends_with('/') {
            let path = [api.path(), "/"].concat();
            api.set_path(&path);
        }
        secret?;
        Some(Slack { name: file.name, place: place_id?, token: token?.into(), api })
    }

    fn mail(&mut self, file: &ChannelFile, place: &str) -> Option<Mail> {
        let variable = file.url_env.as_deref().unwrap_or("HOLDPOINT_SMTP_URL");
        let url = self.needed(variable, place)?;
        let mail = Mail::new(file.from.as_deref().unwrap_or_default(), &url);
        mail.map_err(|message| self.fault(format!("{place}: {variable}: {message}"))).ok()
    }

    fn push(&mut self, file: ChannelFile, place: &str) -> Option<Push> {
        let contact = file.contact.filter(|it| it.starts_with("mailto:") || is_https(it));
        if contact.is_none() {
            let expected =
                "expected `contact`, whom a push service may turn to: mailto:… or https:…";
            self.fault(format!("{place}: {expected}"));
        }
        let known = || SERVICES.map(str::to_owned).to_vec();
        let mut services = Vec::new();
        for service in file.services.unwrap_or_else(known) {
            let url = Url::parse(&service).ok().filter(|url| {
                let is_bare = url.path() == "/" && url.query().is_none() && url.has_host();
                is_bare && (url.scheme() == "https" || url.scheme() == "http" && is_here(url))
            });
            if url.is_none() {
                let expected = "expected services to be https://HOST, or http:// of this machine";
                self.fault(format!("{place}: {expected}, found {service:?}"));
            }
            services.extend(url);
        }
        if services.is_empty() {
            self.fault(format!(
                "{place}: expected a push service, or none said for the known ones"
            ));
        }
        Some(Push { contact: contact?, services })
    }

    pub(super) fn push_key(&mut self) -> Option<SecretString> {
        let key = self.value(PUSH_KEY)?;
        if Vapid::of(&key).is_none() {
            self.fault(format!("{PUSH_KEY}: expected a private key of 32 bytes in base64url"));
        }
        Some(key.into())
    }

    fn needed(&mut self, variable: &str, place: &str) -> Option<String> {
        let value = self.value(variable);
        if value.is_none() {
            self.fault(format!("{place}: {variable}: it is not set"));
        }
        value
    }

    /// The channels of these names, and of one that tells person by person each of its people.
    pub(super) fn addressed(
        &mut self,
        names: &[String],
        file: &WorkflowFile,
        known: &Known<'_>,
        place: &str,
    ) -> Vec<String> {
        let mut addressed = Vec::new();
        for name in names {
            let channel = known.channels.get(name).and_then(Option::as_ref);
            let Some(channel) = channel.filter(|channel| channel.is_personal()) else {
                addressed.push(name.clone());
                continue;
            };
            let has_email = |id: &str| known.approvers.get(id).is_some_and(|it| it.email.is_some());
            let of = |id: &&String| !matches!(channel, Channel::Mail(_)) || has_email(id);
            let people: Vec<&String> = file.approvers.iter().filter(of).collect();
            if people.is_empty() {
                self.fault(format!("{place}: channel {name}: no approver has an `email`"));
            }
            addressed.extend(people.iter().map(|id| [name, id.as_str()].join("|")));
        }
        addressed
    }

    pub(super) fn reminders(&mut self, file: &WorkflowFile, place: &str) -> Vec<Duration> {
        if file.remind_after_s.contains(&0) {
            self.fault(format!("{place}: expected remind_after_s to be numbers above 0"));
        }
        file.remind_after_s.iter().copied().map(Duration::from_secs).collect()
    }

    pub(super) fn escalation(
        &mut self,
        file: &WorkflowFile,
        known: &Known<'_>,
        place: &str,
    ) -> Option<Escalation> {
        match (file.escalate_after_s, &file.escalate_to[..]) {
            (None, []) => None,
            (Some(after @ 1..), [_, ..]) => Some(Escalation {
                after: Duration::from_secs(after),
                channels: self.addressed(&file.escalate_to, file, known, place),
            }),
            _ => {
                let expected = "expected escalate_after_s above 0 and escalate_to, or neither";
                self.fault(format!("{place}: {expected}"));
                None
            }
        }
    }
}

fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}

/// Whether a URL is of this machine, which a request reaches without a network.
fn is_here(url: &Url) -> bool {
    let address = url.host_str().map(|host| host.trim_matches(['[', ']']).parse::<IpAddr>());
    matches!(address, Some(Ok(address)) if address.is_loopback())
}

/// The push services of Chrome and its kin, of Firefox, of Safari and of Edge.
const SERVICES: [&str; 4] = [
    "https://fcm.googleapis.com",
    "https://push.services.mozilla.com",
    "https://push.apple.com",
    "https://notify.windows.com",
];

const PUSH_KEY: &str = "HOLDPOINT_PUSH_KEY";

const SLACK_TOKEN: &str = "HOLDPOINT_SLACK_TOKEN";

pub(super) const SLACK_SECRET: &str = "HOLDPOINT_SLACK_SIGNING_SECRET";
