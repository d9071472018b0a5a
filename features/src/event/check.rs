//! What an event must hold as a whole: fields against the event type, fields against each other,
//! clocks.
//!
//! Reading has put every usable value into its field and has noted the others; this step adds the
//! faults that need more than one value, so that a caller sees all of them at once. A field that
//! was given badly is not also called missing. An event whose type is unknown is checked for all
//! that does not depend on the type.

use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use super::fault;
use super::index::{INDEX, node_bit, node_name};
use super::read::Draft;
use super::{Event, Warning, derive};
use crate::diagnostic::Diagnostic;
use crate::field::{EventType, FieldId, OBJECTS, Source, Types, ids};
use crate::limits::{FUTURE_MS, SKEW_MS};
use crate::money::{Currency, Money};
use crate::networks::Finding;

/// Names of a shared enum that one event type uses; the rest of the list reads as `other` there.
const CHOICES: &[(FieldId, EventType, &[&str])] = &[
    (
        ids::OUTCOME,
        EventType::Login,
        &["success", "bad_password", "bad_otp", "locked", "unknown_account", "bot_blocked"],
    ),
    (
        ids::OUTCOME,
        EventType::AuthResult,
        &["approved", "declined", "partial", "error", "timeout", "reversed"],
    ),
    (ids::RESULT, EventType::IdentityVerification, &["pass", "fail", "manual"]),
    (
        ids::RESULT,
        EventType::ChallengeResult,
        &[
            "passed",
            "failed",
            "abandoned",
            "timeout",
            "delivery_failed",
            "not_supported",
            "issuer_frictionless",
        ],
    ),
    (ids::SOURCE, EventType::SimSignal, &["operator_api", "vendor", "device"]),
    (
        ids::SOURCE,
        EventType::Label,
        &[
            "customer_report",
            "chargeback",
            "early_warning",
            "analyst",
            "rule_confirmed",
            "law_enforcement",
            "issuer_call",
            "simulator",
        ],
    ),
];

/// Fields that mean nothing without each other.
const PAIRS: [(FieldId, FieldId); 6] = [
    (ids::GEO_LAT, ids::GEO_LON),
    (ids::NETWORK_IP_LAT, ids::NETWORK_IP_LON),
    (ids::MERCHANT_LAT, ids::MERCHANT_LON),
    (ids::AMOUNT_MINOR, ids::CURRENCY),
    (ids::CARD_AMOUNT_MINOR, ids::CARD_CURRENCY),
    (ids::PAID_MINOR, ids::PAID_CURRENCY),
];

/// Events that no account does, or that find it through the event they refer to.
const WITHOUT_ACCOUNT: Types = Types::of(&[
    EventType::AuthResult,
    EventType::ChallengeIssued,
    EventType::ChallengeResult,
    EventType::MerchantUpdate,
    EventType::ListUpdate,
    EventType::Label,
    EventType::Dispute,
    EventType::ReviewOutcome,
    EventType::FxRate,
    EventType::IssuerHealth,
]);

/// The names of an enum that an event type shares with others, if they are restricted there.
pub fn choices(field: FieldId, event_type: EventType) -> Option<&'static [&'static str]> {
    let mut rows = CHOICES.iter().filter(|(id, on, _)| (*id, *on) == (field, event_type));
    rows.next().map(|(_, _, names)| *names)
}

/// The choices as bits of the shared list, for each event type.
static CHOICE_BITS: LazyLock<Vec<Vec<(FieldId, u64)>>> = LazyLock::new(|| {
    let mut by_type = vec![Vec::new(); EventType::ALL.len()];
    for (field, event_type, own) in CHOICES {
        let shared = field.kind().names().unwrap_or_default();
        let bits =
            shared.iter().enumerate().filter(|(_, name)| own.contains(name) || **name == "other");
        let bits = bits.fold(0_u64, |bits, (index, _)| bits | 1 << index);
        by_type[*event_type as usize].push((*field, bits));
    }
    by_type
});

/// Checks a draft as a whole, looks up its address and fills what follows.
pub(super) fn finish(
    mut draft: Draft<'_>,
    received_time_ms: Option<i64>,
    look_up: impl FnOnce(Option<IpAddr>) -> Option<Finding>,
) -> Result<Event, Vec<Diagnostic>> {
    let known_type = draft.event.int(ids::EVENT_TYPE);
    let known_type = known_type.and_then(|index| EventType::ALL.get(index as usize).copied());
    match known_type {
        Some(event_type) => {
            draft.event.event_type = event_type;
            draft.check_form(event_type);
            draft.check_choices(event_type);
            draft.check_conditions(event_type);
        }
        None => draft.check_envelope(),
    }
    draft.check_pairs();
    draft.check_amounts();
    draft.check_clock(received_time_ms);
    if !draft.faults.is_empty() {
        return Err(draft.faults.into_list());
    }
    let Draft { mut event, ip, .. } = draft;
    if let Some(finding) = look_up(ip) {
        event.take_over(finding);
    }
    derive::fill(&mut event, ip);
    Ok(event)
}

impl Draft<'_> {
    /// Adds a fault unless the field is there, or was given badly and is reported already.
    fn require(&mut self, field: FieldId, when: fmt::Arguments<'_>) {
        if self.event.has(field) || self.faulted.has(field) {
            return;
        }
        let wanted = fault::wanted(field.field());
        self.fault(fault::MISSING, field.path(), format!("is required {when}, wanted {wanted}"));
    }

    /// What every event must have, whatever its type.
    fn check_envelope(&mut self) {
        for field in FieldId::all().filter(|field| field.field().required == Types::ANY) {
            self.require(field, format_args!("on every event"));
        }
    }

    /// Fields and objects that the type does not have, and those that it must have.
    fn check_form(&mut self, event_type: EventType) {
        let form = INDEX.form(event_type);
        let name = event_type.name();
        let aliens = self.objects & form.alien_objects;
        let missing = form.required_objects & !(self.objects | self.faulted_objects);
        for (node, object) in (1..).zip(OBJECTS) {
            if aliens & node_bit(node) != 0 {
                self.misplaced(object.name, name, None);
            }
            if missing & node_bit(node) != 0 {
                let message = format!("is required on {name}, wanted an object");
                self.fault(fault::MISSING, object.name, message);
            }
        }
        for word in 0..self.event.present.0.len() {
            let mut strangers = self.event.present.0[word] & !form.allowed.0[word];
            while strangers != 0 {
                let field = FieldId((64 * word) as u16 + strangers.trailing_zeros() as u16);
                strangers &= strangers - 1;
                let is_told = aliens & node_bit(INDEX.node(field)) != 0;
                // Enrolled factors stand in `auth_ctx`, which is told as a whole.
                if !is_told && field.field().source == Source::Given {
                    self.misplaced(field.path(), name, Some(field.field().on));
                }
            }
        }
        for field in &form.required {
            let node = INDEX.node(*field);
            if node_name(node).is_empty() || self.objects & node_bit(node) != 0 {
                self.require(*field, format_args!("on {name}"));
            }
        }
    }

    fn misplaced(&mut self, path: &str, event_type: &str, on: Option<Types>) {
        let message = format!("does not belong to {event_type}");
        let fault = Diagnostic::error(fault::MISPLACED, fault::place(path), message);
        let types: Vec<&str> = on.into_iter().flat_map(Types::iter).map(EventType::name).collect();
        self.faults.add(match types.as_slice() {
            [] => fault,
            types => fault.help(format!("it belongs to {}", types.join(", "))),
        });
    }

    fn check_choices(&mut self, event_type: EventType) {
        for (field, bits) in &CHOICE_BITS[event_type as usize] {
            let Some(index) = self.event.bits(*field) else { continue };
            if bits >> index & 1 == 0 {
                let names = field.kind().names().unwrap_or_default();
                self.event.set(*field, names.len() as u64 - 1);
                self.event.warnings.push(Warning::UnknownName(field.path()));
            }
        }
    }

    /// Fields that one event type requires under a condition.
    fn check_conditions(&mut self, event_type: EventType) {
        let is_named = |field: FieldId, name: &str| self.event.is_named(field, name);
        let is_login = event_type == EventType::Login;
        let needs_account = if is_login {
            // Before the account is known there is none to name.
            is_named(ids::OUTCOME, "success")
        } else {
            !WITHOUT_ACCOUNT.contains(event_type)
        };
        let is_by_card = is_named(ids::FUNDING, "intl_card") && event_type == EventType::Payment;
        let is_bill = is_named(ids::KIND, "bill");
        let is_travel = is_named(ids::KIND, "travel");
        let is_debit = is_named(ids::KIND, "auto_debit");
        if needs_account {
            let when = if is_login { "after a successful login" } else { "on this event type" };
            self.require(ids::ACCOUNT_ID, format_args!("{when}"));
        }
        if is_bill {
            self.require(ids::BILL_PAYEE_HASH, format_args!("when kind is bill"));
        }
        if is_travel {
            self.require(ids::TRAVEL_DEPARTURE_MS, format_args!("when kind is travel"));
        }
        if is_debit {
            self.require(ids::MANDATE_ID, format_args!("when kind is auto_debit"));
        }
        if event_type == EventType::AuthResult && derive::decline_class(&self.event).is_none() {
            self.require(
                ids::DECLINE_CLASS,
                format_args!("when de39 and card.network tell no class"),
            );
        }
        self.check_card(event_type, is_by_card);
    }

    fn check_card(&mut self, event_type: EventType, is_by_card: bool) {
        let card = INDEX.node(ids::CARD_CARD_TOKEN);
        let has_card = self.objects & node_bit(card) != 0;
        let is_at_fault = self.faulted_objects & node_bit(card) != 0;
        if is_by_card && !has_card && !is_at_fault {
            let message = "is required when funding is intl_card, wanted an object";
            self.fault(fault::MISSING, "card", message.to_owned());
        }
        if event_type == EventType::IssuerHealth && !has_card && !is_at_fault {
            let message = "is required on issuer_health, wanted what tells the issuer's cards";
            self.fault(fault::MISSING, "card", message.to_owned());
        }
    }

    fn check_pairs(&mut self) {
        for (one, other) in PAIRS {
            for (given, absent) in [(one, other), (other, one)] {
                // A rate snapshot has a currency and no amount.
                let is_rate = given == ids::CURRENCY && !self.event.has(ids::AMOUNT_MINOR);
                let is_told = self.event.event_type == EventType::FxRate && is_rate;
                if self.event.has(given) && !is_told && !self.is_required(absent) {
                    self.require(absent, format_args!("together with {}", given.path()));
                }
            }
        }
    }

    /// Whether the type requires the field anyway, so that its absence is reported already.
    fn is_required(&self, field: FieldId) -> bool {
        let is_typed = self.event.has(ids::EVENT_TYPE);
        is_typed && field.field().required.contains(self.event.event_type)
    }

    /// Amounts that are given twice must agree; what follows from one is filled.
    fn check_amounts(&mut self) {
        let event = &mut self.event;
        let currency = event.bits(ids::CURRENCY).and_then(Currency::from_bits);
        let (Some(minor), Some(currency)) = (event.int(ids::AMOUNT_MINOR), currency) else {
            return;
        };
        let amount = Money { minor, currency };
        let rate = event.int(ids::FX_RATE_E9);
        let base = match (currency, rate) {
            (Currency::CNY, _) => Some(minor),
            (_, Some(rate)) if !event.has(ids::BASE_MINOR) => match amount.to_base(rate) {
                Some(base) => Some(base.minor),
                None => {
                    let message = "the amount at this rate is beyond the largest amount";
                    self.fault(fault::RANGE, ids::BASE_MINOR.path(), message.to_owned());
                    return;
                }
            },
            _ => None,
        };
        let usd = (currency == Currency::USD).then_some(minor);
        for (field, told) in [(ids::BASE_MINOR, base), (ids::USD_MINOR, usd)] {
            let Some(told) = told else { continue };
            match self.event.int(field) {
                None => self.event.set_int(field, told),
                Some(given) if given == told => {}
                Some(given) => {
                    let code = currency.code();
                    let message = format!("got {given}, wanted the {told} of the {code} amount");
                    if !self.guard_amounts(field, &message) {
                        self.fault(fault::CONTRADICTION, field.path(), message);
                    }
                }
            }
        }
    }

    /// An amount can look like a card number too, and a message repeats amounts.
    fn guard_amounts(&mut self, field: FieldId, message: &str) -> bool {
        self.trail.set(field.path(), None);
        self.guard_number(message)
    }

    /// The receipt, and an event time that lies after it.
    fn check_clock(&mut self, received_time_ms: Option<i64>) {
        let Some(time) = self.event.int(ids::EVENT_TIME_MS) else { return };
        let received = received_time_ms.or(self.event.int(ids::RECEIVED_TIME_MS)).unwrap_or(time);
        let ahead = time.saturating_sub(received);
        if FUTURE_MS < ahead {
            let message = format!("is {ahead} ms after receipt, wanted at most {FUTURE_MS}");
            self.fault(fault::EVENT_TIME, ids::EVENT_TIME_MS.path(), message);
            return;
        }
        let time = if SKEW_MS < ahead {
            self.event.warnings.push(Warning::ClockSkew(ahead));
            received
        } else {
            time
        };
        self.event.time_ms = time;
        self.event.received_ms = received;
        self.event.set_int(ids::EVENT_TIME_MS, time);
        self.event.set_int(ids::RECEIVED_TIME_MS, received);
        let known = self.event.int(ids::KNOWN_TIME_MS);
        if self.event.event_type == EventType::Label && known.is_some_and(|known| known < time) {
            let message = "a label cannot be known before the act".to_owned();
            self.fault(fault::CONTRADICTION, ids::KNOWN_TIME_MS.path(), message);
        }
    }
}
