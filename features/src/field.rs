//! The one table of everything an event can carry.
//!
//! A field has a path (`device.device_id`), a kind with its limits, a unit, the event types on which
//! it may stand and those on which it must. Reading, checking, the rule language, the columns of
//! Parquet files and the OpenAPI schema are all derived from [`FIELDS`], so a field is added in one
//! line. The order of the table numbers the fields within one build; stored forms use paths.
//!
//! Some fields are not sent but derived at the end of reading (`geo.country`, `local.hour`); rules
//! name them like any other. Enrolled factors come as a list of objects and are laid out flat here,
//! three fields for each factor.

use std::fmt;
use std::sync::LazyLock;

mod choices;
pub mod ids;
mod table;

pub use choices::FACTORS;
pub use table::{FIELDS, OBJECTS};

/// Number of fields, which is the number of slots of an event.
pub(crate) const FIELD_COUNT: usize = table::TABLE.len();

/// What happened. The declaration order is the numbering used in slots and in [`Types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventType {
    /// A wallet account is created.
    AccountOpen,
    /// A session starts, or fails to.
    Login,
    /// The outcome of a document or liveness check.
    IdentityVerification,
    /// Phone, email, password, limits, factors or address change.
    ProfileChange,
    /// A card is added, before any zero-amount authorisation.
    CardLink,
    /// A card is removed.
    CardUnlink,
    /// A purchase.
    Payment,
    /// The prepaid virtual card is loaded.
    TourPassTopup,
    /// The prepaid virtual card expires or its remainder is refunded.
    TourPassClose,
    /// An intermediary credits the wallet.
    ThirdPartyTopup,
    /// Money goes to a person or to an own product.
    Transfer,
    /// A red envelope is sent, to one or to a group.
    RedEnvelopeSend,
    /// A red envelope is claimed.
    RedEnvelopeClaim,
    /// Cash-out to a bank or remittance.
    Withdrawal,
    /// Money of a purchase goes back.
    Refund,
    /// A coupon, cashback or referral reward is used.
    PromoRedemption,
    /// The issuer or acquirer answered.
    AuthResult,
    /// A step-up challenge was shown.
    ChallengeIssued,
    /// A step-up challenge ended.
    ChallengeResult,
    /// Telemetry between transactions.
    DeviceSignal,
    /// The operator answered about SIM, port or device swaps.
    SimSignal,
    /// A merchant is onboarded, moves, or gets a new code.
    MerchantUpdate,
    /// An entry of a block, allow or watch list changes.
    ListUpdate,
    /// The truth about an act became known.
    Label,
    /// An early fraud warning, chargeback or representment.
    Dispute,
    /// An analyst decided.
    ReviewOutcome,
    /// A snapshot of an exchange rate.
    FxRate,
    /// An issuer is out or degraded.
    IssuerHealth,
}

impl EventType {
    /// All event types in numbering order.
    pub const ALL: [EventType; 28] = [
        EventType::AccountOpen,
        EventType::Login,
        EventType::IdentityVerification,
        EventType::ProfileChange,
        EventType::CardLink,
        EventType::CardUnlink,
        EventType::Payment,
        EventType::TourPassTopup,
        EventType::TourPassClose,
        EventType::ThirdPartyTopup,
        EventType::Transfer,
        EventType::RedEnvelopeSend,
        EventType::RedEnvelopeClaim,
        EventType::Withdrawal,
        EventType::Refund,
        EventType::PromoRedemption,
        EventType::AuthResult,
        EventType::ChallengeIssued,
        EventType::ChallengeResult,
        EventType::DeviceSignal,
        EventType::SimSignal,
        EventType::MerchantUpdate,
        EventType::ListUpdate,
        EventType::Label,
        EventType::Dispute,
        EventType::ReviewOutcome,
        EventType::FxRate,
        EventType::IssuerHealth,
    ];

    /// The names of all event types, in numbering order.
    pub const NAMES: [&str; 28] = [
        "account_open",
        "login",
        "identity_verification",
        "profile_change",
        "card_link",
        "card_unlink",
        "payment",
        "tour_pass_topup",
        "tour_pass_close",
        "third_party_topup",
        "transfer",
        "red_envelope_send",
        "red_envelope_claim",
        "withdrawal",
        "refund",
        "promo_redemption",
        "auth_result",
        "challenge_issued",
        "challenge_result",
        "device_signal",
        "sim_signal",
        "merchant_update",
        "list_update",
        "label",
        "dispute",
        "review_outcome",
        "fx_rate",
        "issuer_health",
    ];

    /// The name on the wire and in rules.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The event type of this name.
    pub fn parse(name: &str) -> Option<EventType> {
        let index = Self::NAMES.iter().position(|known| *known == name)?;
        Some(Self::ALL[index])
    }

    /// Whether the authorisation service waits for a decision on such events.
    pub fn is_scored(self) -> bool {
        table::SCORED.contains(self)
    }

    /// The field with the caller's own number of the thing this event is about (`payment_id` of a
    /// payment), by which later events may refer to it instead of by `event_id`.
    pub fn business_id(self) -> Option<FieldId> {
        match self {
            EventType::Payment => Some(ids::PAYMENT_ID),
            EventType::TourPassTopup | EventType::ThirdPartyTopup => Some(ids::TOPUP_ID),
            EventType::Transfer => Some(ids::TRANSFER_ID),
            EventType::RedEnvelopeSend => Some(ids::ENVELOPE_ID),
            EventType::Withdrawal => Some(ids::WITHDRAWAL_ID),
            EventType::Refund => Some(ids::REFUND_ID),
            EventType::Dispute => Some(ids::DISPUTE_ID),
            EventType::ChallengeIssued => Some(ids::CHALLENGE_ID),
            EventType::AccountOpen
            | EventType::Login
            | EventType::IdentityVerification
            | EventType::ProfileChange
            | EventType::CardLink
            | EventType::CardUnlink
            | EventType::TourPassClose
            | EventType::RedEnvelopeClaim
            | EventType::PromoRedemption
            | EventType::AuthResult
            | EventType::ChallengeResult
            | EventType::DeviceSignal
            | EventType::SimSignal
            | EventType::MerchantUpdate
            | EventType::ListUpdate
            | EventType::Label
            | EventType::ReviewOutcome
            | EventType::FxRate
            | EventType::IssuerHealth => None,
        }
    }
}

/// A set of event types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Types(u32);

impl Types {
    /// No event type.
    pub const NONE: Types = Types(0);

    /// Every event type.
    pub const ANY: Types = Types((1 << EventType::ALL.len()) - 1);

    /// The set of these types.
    pub const fn of(types: &[EventType]) -> Types {
        let mut bits = 0;
        let mut i = 0;
        while i < types.len() {
            bits |= 1 << types[i] as u8;
            i += 1;
        }
        Types(bits)
    }

    /// Whether the set holds this type.
    pub const fn contains(self, event_type: EventType) -> bool {
        self.0 & (1 << event_type as u8) != 0
    }

    /// Types in either set.
    pub const fn union(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// Types in both sets.
    pub const fn intersect(self, other: Types) -> Types {
        Types(self.0 & other.0)
    }

    /// Types of this set that are not in the other.
    pub const fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }

    /// The types of the set in numbering order.
    pub fn iter(self) -> impl Iterator<Item = EventType> {
        EventType::ALL.into_iter().filter(move |event_type| self.contains(*event_type))
    }
}

/// What values a field takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer from `min` to `max`, both included.
    Int {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A number from `min` to `max`, both included.
    Float {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// Milliseconds since 1970-01-01 UTC, between [`TIME_MIN_MS`](crate::limits::TIME_MIN_MS) and
    /// [`TIME_MAX_MS`](crate::limits::TIME_MAX_MS).
    Time,
    /// Minor units of a currency, from 0 to [`MONEY_MINOR_MAX`](crate::limits::MONEY_MINOR_MAX).
    Money,
    /// One of the names; an unknown name reads as `other`, with a warning.
    Enum(&'static [&'static str]),
    /// A list of the names, kept as a bit for each; an unknown name reads as `other`.
    Set(&'static [&'static str]),
    /// Two capital letters of ISO 3166-1; an unassigned code reads as absent, with a warning.
    Country,
    /// Three capital letters of ISO 4217.
    Currency,
    /// One to 64 printable ASCII characters.
    Id,
    /// One to `max` bytes of text without control characters.
    Text {
        /// Longest text in bytes.
        max: u16,
    },
    /// An address of IP version 4 or 6, kept in its canonical text form.
    Ip,
    /// A day as `2026-07-31`; the slot holds days since 1970-01-01.
    Date,
    /// A month as the integer 202607; the slot holds that integer.
    YearMonth,
}

impl Kind {
    /// The names of an enum or set.
    pub fn names(self) -> Option<&'static [&'static str]> {
        match self {
            Kind::Enum(names) | Kind::Set(names) => Some(names),
            Kind::Bool
            | Kind::Int { .. }
            | Kind::Float { .. }
            | Kind::Time
            | Kind::Money
            | Kind::Country
            | Kind::Currency
            | Kind::Id
            | Kind::Text { .. }
            | Kind::Ip
            | Kind::Date
            | Kind::YearMonth => None,
        }
    }

    /// Whether the slot holds a hash of a text, which only equality can be asked of.
    pub fn is_hashed(self) -> bool {
        matches!(self, Kind::Id | Kind::Text { .. } | Kind::Ip)
    }
}

/// Characters that a text must consist of, beyond what its kind asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Whatever the kind allows.
    Free,
    /// From `min` to `max` digits.
    Digits {
        /// Fewest digits.
        min: u8,
        /// Most digits.
        max: u8,
    },
    /// From `min` to `max` ASCII letters and digits.
    Alphanumeric {
        /// Fewest characters.
        min: u8,
        /// Most characters.
        max: u8,
    },
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The caller sends it as a member of the event's JSON.
    Given,
    /// The caller sends it in an item of the list `auth_ctx.factors_enrolled`.
    Listed,
    /// It is computed when the event is read, or inherited from a referenced event.
    Derived,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Dotted path; for given fields the path of members in the JSON.
    pub path: &'static str,
    /// Values it takes.
    pub kind: Kind,
    /// Characters its text consists of.
    pub shape: Shape,
    /// Unit of its number: `ms`, `s`, `minor`, `deg`, `km`, `m`, `min`, `h`, or empty.
    pub unit: &'static str,
    /// Event types on which it may stand.
    pub on: Types,
    /// Event types on which it must stand; a field inside an object only if the object is there or
    /// is itself required.
    pub required: Types,
    /// Where the value comes from.
    pub source: Source,
    /// What it says, for people.
    pub meaning: &'static str,
}

/// A nested object of an event, such as `device`.
#[derive(Debug, Clone, Copy)]
pub struct Object {
    /// Member name at the top level of the event.
    pub name: &'static str,
    /// Event types that must carry it.
    pub required: Types,
    /// What it describes, for people.
    pub meaning: &'static str,
}

/// The number of a field: its place in [`FIELDS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

impl FieldId {
    /// All fields in table order.
    pub fn all() -> impl Iterator<Item = FieldId> {
        (0..FIELD_COUNT as u16).map(FieldId)
    }

    /// The place in [`FIELDS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The line of the table.
    pub fn field(self) -> &'static Field {
        &FIELDS[self.index()]
    }

    /// The dotted path.
    pub fn path(self) -> &'static str {
        self.field().path
    }

    /// The values it takes.
    pub fn kind(self) -> Kind {
        self.field().kind
    }

    /// Whether the slot holds a float as a number, an integer (`false`), or no number at all.
    pub(crate) fn number_form(self) -> Option<bool> {
        match self.kind() {
            Kind::Float { .. } => Some(true),
            Kind::Id | Kind::Text { .. } | Kind::Ip => None,
            Kind::Bool
            | Kind::Int { .. }
            | Kind::Time
            | Kind::Money
            | Kind::Enum(_)
            | Kind::Set(_)
            | Kind::Country
            | Kind::Currency
            | Kind::Date
            | Kind::YearMonth => Some(false),
        }
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FIELDS.get(self.index()).map_or("no field", |field| field.path))
    }
}

/// The field with this path.
pub fn find(path: &str) -> Option<FieldId> {
    static BY_PATH: LazyLock<Vec<FieldId>> = LazyLock::new(|| {
        let mut order: Vec<FieldId> = FieldId::all().collect();
        order.sort_by_key(|id| id.path());
        order
    });
    let at = BY_PATH.binary_search_by(|id| id.path().cmp(path)).ok()?;
    Some(BY_PATH[at])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{event, pan};

    #[test]
    fn paths_are_unique_and_found() {
        let paths: HashSet<&str> = FIELDS.iter().map(|field| field.path).collect();
        assert_eq!(paths.len(), FIELDS.len());
        for id in FieldId::all() {
            assert_eq!(find(id.path()), Some(id));
        }
        for path in ["", "device", "card.pan", "device.device_id ", "zzz"] {
            assert_eq!(find(path), None, "{path:?}");
        }
    }

    #[test]
    fn constants_name_the_fields_of_their_names() {
        assert_eq!(ids::EVENT_ID.path(), "event_id");
        assert_eq!(ids::DEVICE_DEVICE_ID.path(), "device.device_id");
        assert_eq!(ids::FX_RATE_E9.path(), "fx.rate_e9");
        assert_eq!(ids::NETWORK.path(), "network");
        assert_eq!(ids::EVENT_AGE_MS.index(), FIELD_COUNT - 1);
        assert_eq!(format!("{:?}", ids::THREE_DS_ECI), "three_ds.eci");
    }

    #[test]
    fn every_line_of_the_table_is_sound() {
        let objects: HashSet<&str> = OBJECTS.iter().map(|object| object.name).collect();
        for field in FIELDS {
            let Field { path, on, required, .. } = *field;
            assert_eq!(required.without(on), Types::NONE, "{path} is required where it is not");
            assert_ne!(on, Types::NONE, "{path} stands nowhere");
            assert!(!field.meaning.is_empty(), "{path}");
            let is_given = field.source == Source::Given;
            if let (Some((object, _)), true) = (path.split_once('.'), is_given) {
                assert!(objects.contains(object), "{path} lies in no object");
            }
            if let (Kind::Enum(names) | Kind::Set(names), true) = (field.kind, is_given) {
                let unique: HashSet<&&str> = names.iter().collect();
                assert!(unique.len() == names.len() && names.len() <= 63, "{path}");
                let is_open = path != "event_type";
                assert_eq!(names.last() == Some(&"other"), is_open, "{path}");
            }
            if field.shape != Shape::Free {
                assert!(matches!(field.kind, Kind::Text { .. }), "{path}");
            }
            let name = path.rsplit('.').next().unwrap();
            assert!(!pan::is_secret_name(name), "{path} is named like a secret");
        }
    }

    #[test]
    fn every_restricted_choice_is_a_part_of_its_list() {
        for id in FieldId::all() {
            for event_type in EventType::ALL {
                for name in event::choices(id, event_type).unwrap_or_default() {
                    assert!(id.kind().names().unwrap().contains(name), "{id:?} {name}");
                    assert!(id.field().on.contains(event_type), "{id:?} {event_type:?}");
                }
            }
        }
    }

    #[test]
    fn event_types_are_numbered_as_declared() {
        for (index, event_type) in EventType::ALL.into_iter().enumerate() {
            assert_eq!(event_type as usize, index);
            assert_eq!(EventType::parse(event_type.name()), Some(event_type));
            if let Some(id) = event_type.business_id() {
                assert!(id.field().on.contains(event_type), "{event_type:?}");
            }
        }
        assert_eq!(EventType::ALL.iter().filter(|t| t.is_scored()).count(), 14);
        assert_eq!(EventType::parse("Payment"), None);
    }

    #[test]
    fn sets_of_types_behave_like_sets() {
        let some = Types::of(&[EventType::Payment, EventType::IssuerHealth]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [EventType::Payment, EventType::IssuerHealth]);
        assert!(some.contains(EventType::Payment) && !some.contains(EventType::Login));
        assert_eq!(Types::ANY.iter().count(), EventType::ALL.len());
        assert_eq!(some.without(some), Types::NONE);
        assert_eq!(Types::ANY.without(some).union(some), Types::ANY);
        assert_eq!(Types::ANY.without(some).intersect(some), Types::NONE);
    }
}
