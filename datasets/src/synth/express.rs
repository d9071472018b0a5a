//! Attempts as events: what each kind of request says of itself.

use super::act::{Act, Extra, Funding, Pay, Who};
use super::asset::{Account, Card, Country, Session};
use super::chance::mix;
use super::ground::Ground;
use super::wire::{EventId, Line, SessionView};

/// A payment by card above this amount costs a fee.
const FEE_FREE_FEN: i64 = 200_00;
/// The fee, in percent.
const FEE_PERCENT: i64 = 3;
/// The fee on loading a prepaid pass, in percent.
const PASS_FEE_PERCENT: i64 = 5;

/// The name of an act's event type.
pub(super) fn event_type(act: &Act<'_>) -> &'static str {
    match act {
        Act::Open { .. } => "account_open",
        Act::Login { .. } => "login",
        Act::Verify { .. } => "identity_verification",
        Act::Change { .. } => "profile_change",
        Act::Link { .. } => "card_link",
        Act::Pay(_) => "payment",
        Act::Load { .. } => "tour_pass_topup",
        Act::TopUp { .. } => "third_party_topup",
        Act::Transfer { .. } => "transfer",
        Act::SendEnvelope { .. } => "red_envelope_send",
        Act::ClaimEnvelope { .. } => "red_envelope_claim",
        Act::Withdraw { .. } => "withdrawal",
        Act::Refund { .. } => "refund",
        Act::Redeem { .. } => "promo_redemption",
    }
}

/// The door through which an act comes.
fn channel(who: &Who<'_>, act: &Act<'_>) -> &'static str {
    match act {
        Act::Change { by: "support", .. } => "support",
        Act::Pay(Pay { kind: "auto_debit", .. }) => "server_mit",
        Act::Pay(Pay { kind: "payment_code", .. }) => "pos_scan",
        _ => app(who.device.os),
    }
}

/// The app of an operating system.
pub(super) fn app(os: &str) -> &'static str {
    if os == "ios" { "app_ios" } else { "app_android" }
}

/// How the name on a card compares with the name of an account's holder. The upper half of a name
/// is the family's.
pub(super) fn name_match(holder: u64, card: u64) -> &'static str {
    /// Of strangers' names, one in eight resembles the other.
    const RESEMBLANCE: u64 = 8;
    if holder == card {
        "exact"
    } else if holder >> 32 == card >> 32 {
        "strong"
    } else if mix(holder, card).is_multiple_of(RESEMBLANCE) {
        "weak"
    } else {
        "none"
    }
}

/// Writes the scored event of an act, and whether the issuer authenticated the cardholder before.
pub(super) fn write(
    line: &mut Line,
    event: EventId,
    now_ms: i64,
    who: &Who<'_>,
    (act, is_proven): (&Act<'_>, bool),
    account: Option<&Account>,
    ground: &Ground,
) {
    line.begin(event, event_type(act), now_ms);
    if who.account != 0 {
        line.id("account_id", b'a', who.account);
    }
    line.id("session_id", b's', who.session.key);
    line.word("channel", channel(who, act));
    let by_machine = matches!(act, Act::Pay(Pay { kind: "auto_debit", .. }));
    if !by_machine {
        line.device(who.device, now_ms);
        line.network(who.network);
        if let Some(place) = who.place {
            line.geo(place);
        }
    }
    if let Some(account) = account {
        let session = (!by_machine).then(|| view(account, who));
        line.auth_context(account, session);
        line.account(account, now_ms);
    }
    let saying = Saying { event, now_ms, who, account, ground };
    saying.fields(line, act);
    if is_proven {
        line.authenticated();
    }
    line.end();
}

/// What an event says of its session.
pub(super) fn view<'a>(account: &Account, who: &Who<'a>) -> SessionView<'a> {
    let Session { auth, since_ms, referrer, .. } = *who.session;
    let is_own = account.device.key == who.device.key;
    SessionView {
        auth,
        since_ms,
        referrer,
        trusted_ms: if is_own { account.trusted_ms } else { 0 },
    }
}

/// What the fields of an act are said about.
struct Saying<'a> {
    event: EventId,
    now_ms: i64,
    who: &'a Who<'a>,
    account: Option<&'a Account>,
    ground: &'a Ground,
}

impl Saying<'_> {
    fn money(&self, line: &mut Line, fen: i64) {
        line.money(fen, self.ground.rates.cents(fen, self.now_ms));
    }

    fn card(&self, line: &mut Line, card: &Card) {
        let holder = self.account.map_or(0, |account| account.holder.name);
        line.card(card, name_match(holder, card.name));
    }

    fn funding(&self, line: &mut Line, funding: Funding<'_>) {
        match funding {
            Funding::Card(card) => {
                line.word("funding", "intl_card");
                self.card(line, card);
            }
            Funding::Pass => line.word("funding", "tour_pass"),
            Funding::Balance => line.word("funding", "balance"),
        }
    }

    fn fields(&self, line: &mut Line, act: &Act<'_>) {
        match *act {
            Act::Open { form_fill_ms, referral } => self.open(line, form_fill_ms, referral),
            Act::Login { method, outcome, name, streak, code } => {
                line.word("outcome", outcome);
                line.word("method", method);
                line.id("login_name_hash", b'n', name);
                line.number("failure_streak", i64::from(streak));
                if let Some((latency_ms, ip)) = code {
                    line.address("otp_entry_ip", ip);
                    line.number("relay_latency_ms", i64::from(latency_ms));
                }
            }
            Act::Verify { document, country, name, nfc, liveness, face, result, attempt } => {
                line.word("doc_type", "passport");
                line.land("doc_country", country);
                line.id("doc_hash", b'x', document);
                line.word("nfc_chip", nfc);
                line.flag("mrz_ok", true);
                line.share("liveness_score", liveness);
                line.share("face_match_score", face);
                line.word("result", result);
                line.number("attempt_no", i64::from(attempt));
                line.id("name_hash", b'n', name);
                let born = self.account.map_or(1990, |account| account.holder.birth_year);
                line.number("birth_year", i64::from(born));
            }
            Act::Change { field, factor, new_limit_fen, by, auth } => {
                line.word("field", field);
                if let Some(factor) = factor {
                    line.word("factor", factor);
                }
                if let Some(fen) = new_limit_fen {
                    line.number("new_limit_minor", fen);
                }
                line.word("initiated_by", by);
                line.word("auth_used", auth);
            }
            Act::Link { card, entry, entry_ms, is_pasted, attempt, .. } => {
                self.card(line, card);
                line.word("pan_entry", entry);
                line.number("pan_entry_ms", i64::from(entry_ms));
                line.flag("pan_paste", is_pasted);
                line.raw(b",\"cvv_provided\":true,\"verify_method\":\"zero_auth\"");
                line.id("cardholder_name_hash", b'n', card.name);
                line.time("consent_ms", self.now_ms - i64::from(entry_ms));
                line.number("attempt_no_session", i64::from(attempt));
            }
            Act::Pay(pay) => self.pay(line, &pay),
            Act::Load { card, fen } => self.load(line, card, fen),
            Act::TopUp { .. } | Act::Transfer { .. } | Act::Withdraw { .. } => {
                self.move_money(line, act);
            }
            Act::SendEnvelope { envelope, fen, shares, group, to } => {
                line.id("envelope_id", b'v', envelope);
                self.money(line, fen);
                line.word("funding", "balance");
                line.number("shares", i64::from(shares));
                line.word("split", if shares <= 1 { "equal" } else { "random" });
                self.key(line, "group_id_hash", b'g', group);
                self.key(line, "recipient_id", b'a', to);
            }
            Act::ClaimEnvelope { envelope, fen, group, latency_ms } => {
                line.id("envelope_id", b'v', envelope);
                self.money(line, fen);
                self.key(line, "group_id_hash", b'g', group);
                line.number("latency_ms", i64::from(latency_ms));
            }
            Act::Refund { .. } => self.refund(line, act),
            Act::Redeem { campaign, benefit_fen, kind, referrer } => {
                line.id("campaign_id", b'z', campaign);
                line.number("benefit_minor", benefit_fen);
                line.word("type", kind);
                self.key(line, "referrer_account_id", b'a', referrer.unwrap_or(0));
            }
        }
    }

    /// An id, where there is one.
    fn key(&self, line: &mut Line, name: &str, of: u8, key: u64) {
        if key != 0 {
            line.id(name, of, key);
        }
    }

    fn open(&self, line: &mut Line, form_fill_ms: u32, referral: Option<u64>) {
        if let Some(account) = self.account {
            line.id("phone_hash", b'h', account.holder.phone);
            line.id("email_hash", b'j', account.holder.email);
        }
        self.key(line, "referral_code", b'r', referral.unwrap_or(0));
        line.time("consent_ms", self.now_ms);
        line.number("form_fill_ms", i64::from(form_fill_ms));
    }

    fn pay(&self, line: &mut Line, pay: &Pay<'_>) {
        line.made("payment_id", b'p', self.event);
        line.word("kind", pay.kind);
        self.money(line, pay.fen);
        self.funding(line, pay.funding);
        line.merchant(pay.merchant);
        line.word("goods", pay.merchant.goods);
        if let Funding::Card(card) = pay.funding {
            if FEE_FREE_FEN < pay.fen {
                line.number("fee_minor", pay.fen * FEE_PERCENT / 100);
            }
            if pay.extra == Extra::Dcc {
                let minor = self.ground.rates.minor_of(card.currency, pay.fen, self.now_ms);
                line.number("card_amount_minor", minor);
                line.word("card_currency", card.currency);
                line.flag("dcc", true);
            }
        }
        match pay.extra {
            Extra::None | Extra::Dcc => {}
            Extra::Code { age_ms } => line.number("code_age_ms", i64::from(age_ms)),
            Extra::Travel { departure_ms, passengers, name_match, is_refundable } => {
                line.time("travel_departure_ms", departure_ms);
                line.number("travel_pax", i64::from(passengers));
                line.word("travel_pax_name_match", name_match);
                line.flag("travel_refundable", is_refundable);
            }
            Extra::Bill { payee, is_own_name } => {
                line.id("bill_payee_hash", b'b', payee);
                line.flag("bill_is_own_name", is_own_name);
            }
            Extra::Mandate { mandate } => {
                line.flag("is_mit", true);
                line.id("mandate_id", b'u', mandate);
            }
            Extra::Delivery { country, discount_fen } => {
                line.land("delivery_country", country);
                if 0 < discount_fen {
                    line.number("promo_discount_minor", discount_fen);
                }
            }
        }
        if pay.funding == Funding::Pass {
            self.pass(line);
        }
    }

    fn pass(&self, line: &mut Line) {
        let Some(pass) = self.account.and_then(|account| account.pass) else { return };
        line.id("pass_id", b'y', pass.key);
        line.time("pass_opened_ms", pass.opened_ms);
        line.number("pass_balance_before_minor", pass.balance_fen);
        line.time("pass_expiry_ms", pass.expiry_ms);
    }

    fn load(&self, line: &mut Line, card: &Card, fen: i64) {
        line.made("topup_id", b'o', self.event);
        self.money(line, fen);
        line.number("fee_minor", fen * PASS_FEE_PERCENT / 100);
        self.card(line, card);
        if self.account.is_some_and(|account| account.pass.is_some()) {
            self.pass(line);
        } else {
            // The first load opens the pass; the account's own number stands for it until then.
            line.id("pass_id", b'y', self.who.account);
            line.time("pass_opened_ms", self.now_ms);
            line.number("pass_balance_before_minor", 0);
        }
    }

    fn move_money(&self, line: &mut Line, act: &Act<'_>) {
        match *act {
            Act::TopUp {
                intermediary,
                licence,
                fen,
                paid_fen,
                payer,
                payer_is_holder,
                instrument,
                payer_country,
            } => {
                line.made("topup_id", b'o', self.event);
                line.id("intermediary_id", b'l', intermediary);
                line.word("intermediary_licence", licence);
                self.money(line, fen);
                line.number("paid_minor", self.ground.rates.cents(paid_fen, self.now_ms));
                line.word("paid_currency", "USD");
                line.id("payer_ref_hash", b'b', payer);
                line.word("payer_is_account_holder", payer_is_holder);
                line.word("payer_instrument", instrument);
                line.land("payer_country", payer_country);
            }
            Act::Transfer { to, kind, fen, known_since_ms, memo, funding } => {
                line.made("transfer_id", b'w', self.event);
                self.money(line, fen);
                line.id("beneficiary_id", b'a', to);
                line.word("beneficiary_kind", kind);
                self.funding(line, funding);
                line.time("beneficiary_first_seen_ms", known_since_ms);
                line.raw(b",\"memo_class\":[\"");
                line.raw(memo.as_bytes());
                line.raw(b"\"]");
            }
            Act::Withdraw { fen, dest, dest_kind, dest_country, name_match, added_ms } => {
                line.made("withdrawal_id", b'w', self.event);
                self.money(line, fen);
                line.word("funding", "balance");
                line.id("dest_hash", b'b', dest);
                line.word("dest_kind", dest_kind);
                line.land("dest_country", dest_country);
                line.word("dest_name_match", name_match);
                line.time("dest_added_ms", added_ms);
            }
            _ => {}
        }
    }

    fn refund(&self, line: &mut Line, act: &Act<'_>) {
        let Act::Refund { payment, original_fen, fen, reason, to, by, card, merchant } = *act
        else {
            return;
        };
        line.made("refund_id", b'w', self.event);
        let paid = EventId { shard: self.event.shard, number: payment };
        line.made("original_payment_id", b'p', paid);
        self.money(line, fen);
        line.number("original_base_minor", original_fen);
        line.word("reason", reason);
        line.word("to_instrument", to);
        line.word("initiator", by);
        if let Some(card) = card {
            self.card(line, card);
        }
        if let Some(merchant) = merchant {
            line.merchant(merchant);
        }
    }
}

/// The country of a phone number's prefix, as challenges name it.
pub(super) fn phone_prefix(country: Country) -> &'static str {
    match &country.0 {
        b"CN" => "86138",
        b"US" | b"CA" => "1415",
        b"KR" => "82102",
        b"JP" => "81903",
        b"SG" => "65912",
        b"MY" => "60123",
        b"HK" => "85291",
        b"GB" => "44771",
        b"AU" => "61412",
        b"DE" => "49151",
        b"FR" => "33612",
        b"TH" => "66812",
        b"RU" => "79161",
        _ => "99900",
    }
}
