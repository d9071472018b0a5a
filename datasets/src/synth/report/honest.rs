//! Honest customers as events show them: what they pay, when, from where, and what they are told.
//!
//! Whoever lives in China by the account is a resident; another one is a visitor while the phone
//! roams, has a Chinese SIM or is seen in China, else away. Patterns that change what is paid (a
//! party's tickets, split bills, a watch) do not count where amounts and kinds are compared;
//! patterns that change only circumstances do.

use std::collections::BTreeMap;

use features::event::Event;
use features::field::{EventType, FACTORS, FieldId, ids};
use features::geo;

use super::count::{LogHistogram, Sample};
use crate::synth::market::Trade;
use crate::synth::story::LookAlike;

/// Bins of the local day.
pub(super) const HOURS: usize = 24;
/// Kinds of payments in the field table.
const KINDS: usize = 9;
/// Classes of an issuer's answer in the field table; the first is `approved`.
pub(super) const CLASSES: usize = 13;
/// Cards whose links are followed.
const CARDS_MOST: usize = 1 << 17;
/// A card is new to its use abroad for so long after it was linked.
const FIRST_USE_MS: i64 = 86_400_000;

/// A scored request whose answer may still come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) is_honest: bool,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// A link of this card.
    Link {
        card: u64,
    },
    /// A card pays.
    Use {
        issuer: u16,
        is_first: bool,
    },
    Other,
}

impl Asked {
    pub(super) fn of(event: &Event, is_honest: bool, look_alike: Option<LookAlike>) -> Asked {
        let issuer = event.bits(ids::CARD_ISSUER_COUNTRY).map_or(0, |bits| bits as u16);
        // Whose issuer is down is refused whatever the card.
        let is_counted = is_honest && look_alike != Some(LookAlike::IssuerOutage);
        let what = match (event.event_type(), event.bits(ids::CARD_CARD_TOKEN)) {
            (EventType::CardLink, Some(card)) if is_counted => What::Link { card },
            (EventType::Payment | EventType::TourPassTopup, Some(_)) if is_counted => {
                let linked_ms = event.bits(ids::CARD_LINKED_TIME_MS).map(|bits| bits as i64);
                let is_old = linked_ms.is_some_and(|linked| FIRST_USE_MS <= event.time() - linked);
                What::Use { issuer, is_first: !is_old }
            }
            _ => What::Other,
        };
        Asked { is_honest, what }
    }
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) part: u64,
    pub(super) whole: u64,
}

impl Part {
    fn count(&mut self, is_part: bool) {
        self.part += u64::from(is_part);
        self.whole += 1;
    }

    pub(super) fn plus(self, other: Part) -> Part {
        Part { part: self.part + other.part, whole: self.whole + other.whole }
    }
}

/// What issuers of one country answered to payments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answers {
    /// Declines of first uses and of later ones.
    pub(super) first: Part,
    pub(super) later: Part,
    pub(super) classes: [u64; CLASSES],
}

/// A card that somebody tried to link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Linked {
    pub(super) issuer: u16,
    /// The card network, as the field table numbers it.
    pub(super) scheme: u8,
    /// What the issuer said at first, and whether it ever said yes; `None` before it was asked.
    pub(super) at_first_try: Option<bool>,
    pub(super) in_the_end: bool,
}

/// How challenges of one factor ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trials {
    pub(super) passed: u64,
    pub(super) abandoned: u64,
    pub(super) all: u64,
}

/// Where a visitor's session comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sessions {
    pub(super) all: u64,
    pub(super) vpn: u64,
    pub(super) public_wifi: u64,
    pub(super) roaming: u64,
    pub(super) local_sim: u64,
}

/// Where a customer is, as far as an event tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stay {
    Resident,
    Visitor,
    Away,
}

/// Honest customers in numbers.
#[derive(Debug)]
pub(super) struct Customers {
    /// Payments of visitors by kind, as the field table numbers them.
    pub(super) kinds: [u64; KINDS],
    /// Payments at a counter in China by local hour.
    pub(super) hours: [u64; HOURS],
    /// Payments by trade, in CNY fen.
    pub(super) amounts: Vec<LogHistogram>,
    pub(super) sessions: Sessions,
    pub(super) cards: Sample<Linked>,
    pub(super) answers: BTreeMap<u16, Answers>,
    pub(super) trials: Vec<Trials>,
}

impl Customers {
    pub(super) fn new() -> Customers {
        Customers {
            kinds: [0; KINDS],
            hours: [0; HOURS],
            amounts: vec![LogHistogram::new(); Trade::ALL.len()],
            sessions: Sessions::default(),
            cards: Sample::new(CARDS_MOST),
            answers: BTreeMap::new(),
            trials: vec![Trials::default(); FACTORS.len()],
        }
    }

    /// A scored event of an honest customer.
    pub(super) fn watch(&mut self, event: &Event, look_alike: Option<LookAlike>) {
        match event.event_type() {
            EventType::Payment => self.pay(event, look_alike),
            EventType::Login if event.text(ids::OUTCOME) == Some("success") => self.log_in(event),
            EventType::CardLink => {
                let Some(card) = event.bits(ids::CARD_CARD_TOKEN) else { return };
                let bits = |field| event.bits(field).unwrap_or_default();
                self.cards.entry(card, || Linked {
                    issuer: bits(ids::CARD_ISSUER_COUNTRY) as u16,
                    scheme: bits(ids::CARD_NETWORK) as u8,
                    at_first_try: None,
                    in_the_end: false,
                });
            }
            _ => {}
        }
    }

    fn pay(&mut self, event: &Event, look_alike: Option<LookAlike>) {
        let kind = event.text(ids::KIND).unwrap_or_default();
        let stay = stay(event);
        if look_alike.is_some_and(changes_what_is_paid) {
            return;
        }
        if stay == Stay::Visitor {
            count(&mut self.kinds, event, ids::KIND);
        }
        // Subscriptions debit the same price each month.
        let category = event.bits(ids::MERCHANT_MCC).map(|bits| bits as u16);
        let trade = category.and_then(trade_of_category);
        if let (Some(trade), Some(fen)) = (trade, event.bits(ids::BASE_MINOR))
            && kind != "auto_debit"
        {
            self.amounts[trade as usize].add(fen as i64);
        }
        let is_counter =
            matches!(kind, "merchant_qr_static" | "merchant_qr_dynamic" | "payment_code");
        let is_here = event.bits(ids::MERCHANT_COUNTRY) == Some(u64::from(geo::CN));
        if is_counter && is_here && look_alike != Some(LookAlike::NightOwl) {
            let hour = event.number(ids::LOCAL_HOUR);
            if hour.is_finite() {
                self.hours[(hour as usize).min(HOURS - 1)] += 1;
            }
        }
    }

    fn log_in(&mut self, event: &Event) {
        if stay(event) != Stay::Visitor {
            return;
        }
        let is = |field: FieldId| u64::from(event.bits(field) == Some(1));
        let sessions = &mut self.sessions;
        sessions.all += 1;
        sessions.vpn += is(ids::NETWORK_IS_VPN);
        sessions.public_wifi += is(ids::NETWORK_WIFI_PUBLIC);
        sessions.roaming += is(ids::DEVICE_ROAMING);
        sessions.local_sim += u64::from(has_local_sim(event));
    }

    /// The issuer answered a request.
    pub(super) fn answer(&mut self, event: &Event, asked: &Asked) {
        let class = event.bits(ids::DECLINE_CLASS).map_or(0, |bits| bits as usize);
        let is_declined = class != 0;
        match asked.what {
            What::Link { card } => {
                if let Some(linked) = self.cards.get_mut(card) {
                    linked.at_first_try.get_or_insert(!is_declined);
                    linked.in_the_end |= !is_declined;
                }
            }
            What::Use { issuer, is_first } => {
                let answers = self.answers.entry(issuer).or_default();
                let part = if is_first { &mut answers.first } else { &mut answers.later };
                part.count(is_declined);
                answers.classes[class.min(CLASSES - 1)] += 1;
            }
            What::Other => {}
        }
    }

    /// A challenge of an honest customer ended.
    pub(super) fn challenged(&mut self, event: &Event) {
        let Some(factor) = event.bits(ids::FACTOR) else { return };
        let trials = &mut self.trials[(factor as usize).min(FACTORS.len() - 1)];
        trials.all += 1;
        let result = event.text(ids::RESULT);
        trials.passed += u64::from(matches!(result, Some("passed" | "issuer_frictionless")));
        trials.abandoned += u64::from(result == Some("abandoned"));
    }
}

/// Adds one to the counter of an enum's value.
fn count(counters: &mut [u64], event: &Event, field: FieldId) {
    if let Some(bits) = event.bits(field)
        && let Some(counter) = counters.get_mut(bits as usize)
    {
        *counter += 1;
    }
}

fn stay(event: &Event) -> Stay {
    let is_china = |field: FieldId| event.bits(field) == Some(u64::from(geo::CN));
    let is_roaming = event.bits(ids::DEVICE_ROAMING) == Some(1);
    // What a machine debits has no phone and no place; customers far away have no such mandates.
    let is_by_machine = !event.has(ids::DEVICE_DEVICE_ID);
    if is_china(ids::ACCOUNT_RESIDENCE_COUNTRY) {
        Stay::Resident
    } else if is_roaming || is_by_machine || has_local_sim(event) || is_china(ids::PLACE_COUNTRY) {
        Stay::Visitor
    } else {
        Stay::Away
    }
}

fn has_local_sim(event: &Event) -> bool {
    event.bits(ids::DEVICE_SIM_COUNTRY) == Some(u64::from(geo::CN))
}

/// Whether a pattern changes what is bought or how dear it is.
fn changes_what_is_paid(look_alike: LookAlike) -> bool {
    match look_alike {
        LookAlike::IssuerDeclineRetry
        | LookAlike::GroupLeader
        | LookAlike::FeeSplitter
        | LookAlike::LuxuryShopper
        | LookAlike::NewYearEnvelopes
        | LookAlike::TicketsForFriends => true,
        LookAlike::JustLanded
        | LookAlike::SetUpAtHome
        | LookAlike::LocalEsim
        | LookAlike::NewPhone
        | LookAlike::FestivalPeak
        | LookAlike::IssuerOutage
        | LookAlike::BusinessTraveller
        | LookAlike::SharedNetwork
        | LookAlike::OldPhone
        | LookAlike::NightOwl
        | LookAlike::MixedCountries
        | LookAlike::UpdateWave => false,
    }
}

/// The trade of a merchant by its category.
pub(super) fn trade_of_category(category: u16) -> Option<Trade> {
    let trade = match category {
        4111 | 4131 => Trade::Transit,
        5812 | 5814 => Trade::Food,
        5411 | 5311 | 5651 => Trade::Retail,
        5399 | 5964 => Trade::InApp,
        4722 | 4511 => Trade::Travel,
        7011 => Trade::Hotel,
        5309 | 5948 => Trade::Luxury,
        5732 => Trade::Electronics,
        5944 => Trade::Jewellery,
        5947 => Trade::GiftCards,
        5816 => Trade::Gaming,
        4900 => Trade::Bill,
        9399 => Trade::Government,
        _ => return None,
    };
    Some(trade)
}
