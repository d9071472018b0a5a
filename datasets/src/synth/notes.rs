//! Unscored events that actors make themselves.

use super::act::{Note, Who};
use super::batch::Kind;
use super::express::{app, name_match, view};
use super::stage::Stage;
use super::wire::{EventId, Line};

/// Writes a note and posts it for its time.
pub(super) fn write(stage: &mut Stage<'_>, at_ms: i64, note: &Note<'_>) {
    let id = stage.event_id();
    let challenge = stage.key();
    let mut line = std::mem::take(&mut stage.ledger.line);
    let is_said = Saying { stage, id, at_ms, challenge }.say(&mut line, note);
    if is_said {
        line.end();
        stage.outbox.post(at_ms, Kind::Recorded, line.bytes());
    }
    stage.ledger.line = line;
}

struct Saying<'s, 'w> {
    stage: &'s mut Stage<'w>,
    id: EventId,
    at_ms: i64,
    challenge: u64,
}

impl Saying<'_, '_> {
    /// Writes all but the end; false when there is nothing to say.
    fn say(&mut self, line: &mut Line, note: &Note<'_>) -> bool {
        match *note {
            Note::Telemetry(who) => self.session_event(line, "device_signal", who),
            Note::Sim { account, changed_ms, ported_ms } => {
                return self.sim(line, account, changed_ms, ported_ms);
            }
            Note::Unlink { who, card } => {
                let Some(account) = self.stage.accounts.get_mut(who.account) else { return false };
                let place = account.cards.iter().position(|linked| linked.key == card);
                let Some(place) = place else { return false };
                let card = account.cards.remove(place);
                let holder = account.holder.name;
                self.session_event(line, "card_unlink", who);
                line.card(&card, name_match(holder, card.name));
                line.word("initiated_by", "user");
            }
            Note::ClosePass { account, reason } => {
                let Some(account) = self.stage.accounts.get_mut(account) else { return false };
                let Some(pass) = account.pass.take() else { return false };
                let (key, rest_fen) = (account.key, pass.balance_fen);
                line.begin(self.id, "tour_pass_close", self.at_ms);
                line.id("account_id", b'a', key);
                line.word("channel", "batch");
                line.id("pass_id", b'y', pass.key);
                line.time("pass_opened_ms", pass.opened_ms);
                line.number("pass_balance_before_minor", rest_fen);
                line.word("close_reason", reason);
            }
            Note::Merchant { merchant, update, device } => {
                line.begin(self.id, "merchant_update", self.at_ms);
                line.word("channel", "batch");
                if let Some(device) = device {
                    line.device(device, self.at_ms);
                }
                line.merchant(merchant);
                line.word("update", update);
            }
            Note::List { list, kind, entry, prefix, reason } => {
                line.begin(self.id, "list_update", self.at_ms);
                line.word("channel", "batch");
                line.word("list_name", list);
                line.word("list_action", "add");
                line.word("list_type", kind);
                line.id("entry", prefix as u8, entry);
                line.word("entry_kind", "value");
                line.word("entry_reason", reason);
            }
            Note::Rate { currency, rate_e9 } => {
                line.begin(self.id, "fx_rate", self.at_ms);
                line.word("channel", "batch");
                line.word("currency", currency);
                line.rate(rate_e9, self.at_ms);
            }
            Note::Issuer { card, health, until_ms } => {
                line.begin(self.id, "issuer_health", self.at_ms);
                line.word("channel", "batch");
                line.issuer(card);
                line.word("health", health);
                line.time("health_until_ms", until_ms);
            }
            Note::CodeSent { who, dest_prefix } => self.code_sent(line, who, dest_prefix),
        }
        true
    }

    /// An event in a session, with all that surrounds it.
    fn session_event(&self, line: &mut Line, event_type: &str, who: &Who<'_>) {
        line.begin(self.id, event_type, self.at_ms);
        line.id("account_id", b'a', who.account);
        line.id("session_id", b's', who.session.key);
        line.word("channel", app(who.device.os));
        line.device(who.device, self.at_ms);
        line.network(who.network);
        if let Some(place) = who.place {
            line.geo(place);
        }
        if let Some(account) = self.stage.accounts.get(who.account) {
            line.auth_context(account, Some(view(account, who)));
            line.account(account, self.at_ms);
        }
    }

    fn sim(
        &self,
        line: &mut Line,
        account: u64,
        changed_ms: Option<i64>,
        ported_ms: Option<i64>,
    ) -> bool {
        let Some(account) = self.stage.accounts.get(account) else { return false };
        line.begin(self.id, "sim_signal", self.at_ms);
        line.id("account_id", b'a', account.key);
        line.word("channel", "batch");
        line.id("phone_hash", b'h', account.holder.phone);
        for (name, time_ms) in [("last_sim_change_ms", changed_ms), ("last_port_ms", ported_ms)] {
            match time_ms {
                Some(time_ms) => line.number(name, time_ms),
                // The operator knows of none.
                None => line.nothing(name),
            }
        }
        line.word("source", "operator_api");
        line.number("max_age_h", 240);
        true
    }

    fn code_sent(&self, line: &mut Line, who: &Who<'_>, dest_prefix: &str) {
        line.begin(self.id, "challenge_issued", self.at_ms);
        line.id("account_id", b'a', who.account);
        line.word("channel", app(who.device.os));
        line.device(who.device, self.at_ms);
        line.network(who.network);
        line.id("challenge_id", b'z', self.challenge);
        line.id("ref_id", b'a', who.account);
        line.word("ref_type", "account");
        line.word("factor", "sms_otp");
        line.id("dest_hash", b'h', self.challenge);
        line.word("dest_prefix", dest_prefix);
    }
}
