//! What an actor can do: the scored requests, what came of them, and the unscored notes.

use super::asset::{Card, Country, Device, Merchant, Network, Place, Session};
use super::story::Story;

/// Who acts, with what, from where, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    /// Key of the account in [`super::stage::Stage::accounts`]; 0 only for a login with a name that
    /// no account has.
    pub(crate) account: u64,
    /// The device at hand.
    pub(crate) device: &'a Device,
    /// The network it is on.
    pub(crate) network: &'a Network,
    /// Its position, when the app may know it.
    pub(crate) place: Option<Place>,
    /// The session.
    pub(crate) session: &'a Session,
    /// The truth behind it.
    pub(crate) story: Story,
}

/// A scored request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act<'a> {
    /// `account_open`. The account stands in the accounts already.
    Open { form_fill_ms: u32, referral: Option<u64> },
    /// `login`.
    Login {
        /// `method`.
        method: &'static str,
        /// `outcome` before any challenge: `success`, `bad_password`, `locked`, `unknown_account`..
        outcome: &'static str,
        /// `login_name_hash`.
        name: u64,
        /// `failure_streak`.
        streak: u16,
        /// Time from issue to use of a code that was part of the login, and the address it was
        /// typed from when that is another one.
        code: Option<(u32, u32)>,
    },
    /// `identity_verification` with the account holder's document unless another is given.
    Verify {
        document: u64,
        country: Country,
        name: u64,
        nfc: &'static str,
        liveness: f64,
        face: f64,
        result: &'static str,
        attempt: u8,
    },
    /// `profile_change`. `field` and `factor` in the words of the table; the account is updated
    /// when it goes through.
    Change {
        field: &'static str,
        factor: Option<&'static str>,
        new_limit_fen: Option<i64>,
        by: &'static str,
        auth: &'static str,
    },
    /// `card_link`. When it goes through, the card is added to the account's cards.
    Link {
        card: &'a Card,
        /// `pan_entry`.
        entry: &'static str,
        entry_ms: u32,
        is_pasted: bool,
        /// Whether the right security code was typed; a wrong one is the issuer's to tell.
        knows_cvv: bool,
        /// `attempt_no_session`.
        attempt: u8,
    },
    /// `payment`.
    Pay(Pay<'a>),
    /// `tour_pass_topup` of the account's pass, which is opened when there is none.
    Load { card: &'a Card, fen: i64 },
    /// `third_party_topup` of the account's balance.
    TopUp {
        intermediary: u64,
        /// `intermediary_licence`.
        licence: &'static str,
        fen: i64,
        /// What the payer paid, in CNY fen of value.
        paid_fen: i64,
        payer: u64,
        payer_is_holder: &'static str,
        /// `payer_instrument`.
        instrument: &'static str,
        payer_country: Country,
    },
    /// `transfer` from the balance.
    Transfer {
        /// Account key of the receiver, or any number for one outside.
        to: u64,
        /// `beneficiary_kind`.
        kind: &'static str,
        fen: i64,
        /// First payment to the receiver ever; 0 when this is it.
        known_since_ms: i64,
        /// Names of `memo_class`.
        memo: &'static str,
        /// `balance` usually.
        funding: Funding<'a>,
    },
    /// `red_envelope_send`; `to` is 0 for a group.
    SendEnvelope { envelope: u64, fen: i64, shares: u16, group: u64, to: u64 },
    /// `red_envelope_claim` into the balance.
    ClaimEnvelope { envelope: u64, fen: i64, group: u64, latency_ms: u32 },
    /// `withdrawal` from the balance.
    Withdraw {
        fen: i64,
        dest: u64,
        dest_kind: &'static str,
        dest_country: Country,
        /// `dest_name_match`.
        name_match: &'static str,
        added_ms: i64,
    },
    /// `refund` of an earlier payment.
    Refund {
        /// Event number of the payment ([`Outcome::event`]).
        payment: u64,
        original_fen: i64,
        fen: i64,
        /// `reason`, `to_instrument`, `initiator`.
        reason: &'static str,
        to: &'static str,
        by: &'static str,
        card: Option<&'a Card>,
        merchant: Option<&'a Merchant>,
    },
    /// `promo_redemption`.
    Redeem { campaign: u64, benefit_fen: i64, kind: &'static str, referrer: Option<u64> },
}

/// Where money comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Funding<'a> {
    /// A card that is linked, or at least claimed to be.
    Card(&'a Card),
    /// The prepaid pass; fails when it holds too little.
    Pass,
    /// The wallet balance; fails when it holds too little.
    Balance,
}

/// A payment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pay<'a> {
    /// `kind`: `merchant_qr_static`, `merchant_qr_dynamic`, `payment_code`, `in_app`, `bill`,
    /// `travel`, `transit`, `auto_debit`.
    pub(crate) kind: &'static str,
    /// Amount in CNY fen.
    pub(crate) fen: i64,
    /// What pays.
    pub(crate) funding: Funding<'a>,
    /// Who is paid.
    pub(crate) merchant: &'a Merchant,
    /// What else is known.
    pub(crate) extra: Extra,
}

/// What some payments tell beside the amount.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Extra {
    /// Nothing more.
    #[default]
    None,
    /// Age of the displayed code, for `payment_code`.
    Code { age_ms: u32 },
    /// A ticket, for `travel`.
    Travel {
        departure_ms: i64,
        passengers: u8,
        /// `travel_pax_name_match`.
        name_match: &'static str,
        is_refundable: bool,
    },
    /// A bill.
    Bill { payee: u64, is_own_name: bool },
    /// An automatic debit.
    Mandate { mandate: u64 },
    /// Goods bought online.
    Delivery { country: Country, discount_fen: i64 },
    /// Converted at the point of sale.
    Dcc,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It went through.
    Done,
    /// The wallet declined.
    Blocked,
    /// A challenge was failed.
    Failed,
    /// A challenge was given up.
    Abandoned,
    /// The wallet put it on hold; it did not go through.
    Held,
    /// The issuer declined; the class of its answer.
    Refused(Refusal),
    /// The payer has too little, or the account is frozen: it was never sent on.
    Void,
}

impl Ending {
    /// Whether it went through.
    pub(crate) fn is_done(self) -> bool {
        self == Ending::Done
    }

    /// Whether the wallet stopped it, as a crook learns from.
    pub(crate) fn is_stopped(self) -> bool {
        matches!(self, Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held)
    }
}

/// Why an issuer declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not enough money.
    Funds,
    /// Not permitted for this card.
    NotPermitted,
    /// Suspected fraud, or do not honour.
    Suspicion,
    /// Lost, stolen, closed.
    Blocked,
    /// Wrong number, date or security code.
    Data,
    /// The issuer or the network failed.
    Technical,
    /// Anything else.
    Other,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) ending: Ending,
    /// When the actor knew, at or after the attempt.
    pub(crate) at_ms: i64,
    /// Number of the scored event, to refer to it later.
    pub(crate) event: u64,
    /// Whether the wallet asked for a second factor.
    pub(crate) was_challenged: bool,
    /// What was at stake for a crook, in CNY fen.
    pub(crate) stake_fen: i64,
}

impl Outcome {
    /// Nothing was attempted: the answer is known at this time.
    pub(crate) fn void(at_ms: i64) -> Outcome {
        Outcome { ending: Ending::Void, at_ms, event: 0, was_challenged: false, stake_fen: 0 }
    }
}

/// An unscored event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Note<'a> {
    /// `device_signal`: telemetry of the device in `who`.
    Telemetry(&'a Who<'a>),
    /// `sim_signal`: the operator's answer for the account's number; `None` for no change known.
    Sim { account: u64, changed_ms: Option<i64>, ported_ms: Option<i64> },
    /// `card_unlink` by the user; the card leaves the account.
    Unlink { who: &'a Who<'a>, card: u64 },
    /// `tour_pass_close`; the remainder leaves the pass.
    ClosePass { account: u64, reason: &'static str },
    /// `merchant_update`: `onboarded`, `qr_reissued`, `relocated`, `status_changed`; with the
    /// device of whoever did it.
    Merchant { merchant: &'a Merchant, update: &'static str, device: Option<&'a Device> },
    /// `list_update` of a list, value and reason.
    List { list: &'static str, kind: &'static str, entry: u64, prefix: char, reason: &'static str },
    /// `fx_rate` of a currency in CNY.
    Rate { currency: &'static str, rate_e9: i64 },
    /// `issuer_health` of an issuer's range: `ok`, `degraded`, `outage`, until when.
    Issuer { card: &'a Card, health: &'static str, until_ms: i64 },
    /// `challenge_issued` without an answer ever: a code by text message to this number.
    CodeSent { who: &'a Who<'a>, dest_prefix: &'static str },
}
