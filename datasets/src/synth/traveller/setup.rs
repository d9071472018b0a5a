//! Setting the wallet up, and leaving it behind: account, passport, cards, pass, coupon, balance.
//!
//! One task is one attempt a step. What fails is tried again a few times, with pauses of people:
//! a mistyped card at once, a refused one with the next card from the pocket (L05), a stopped one
//! after a coffee. Whatever is still undone in the evening is dropped; without any card another day
//! begins with a card.

use super::surroundings::Spot;
use super::{
    Act, Bearing, Ending, HOUR_MS, Habit, LookAlike, MINUTE_MS, Note, Persona, Phase, SECOND_MS,
    Stage, Story, TRIES_AGAIN, Traveller, people,
};
use crate::synth::act::{Outcome, Refusal};
use crate::synth::asset::{Card, Country};
use crate::synth::chance::mix;
use crate::synth::market::Audience;

/// Time to fill the form of a new account: median and deviation of the logarithm.
const FORM_MS: (f64, f64) = (72_000.0, 0.5);
/// Time to type a card's number, and to hold the card before the camera.
const TYPED_MS: (f64, f64) = (23_000.0, 0.4);
const SCANNED_MS: (f64, f64) = (5_200.0, 0.5);
const PASTED: f64 = 0.03;
/// Tries of one task at most.
const TRIES: u8 = 4;
/// Those who try again after an issuer refused a card.
const INSISTS: f64 = 0.85;
/// Those with a second card who link it as well, at once or on a later day.
const LINKS_SECOND: f64 = 0.33;
const LINKS_LATER: f64 = 0.03;
/// Without a card, those who try another day.
const TRIES_TOMORROW: f64 = 0.6;
/// Those whose passport comes after the card.
const CARD_FIRST: f64 = 0.35;
/// Passports that are not read at first, and those that a person has to look at.
const PROOF_FAILS: f64 = 0.07;
const PROOF_WAITS: f64 = 0.03;
/// What is loaded on a pass, in CNY fen, and when it is loaded again.
const LOADS_FEN: [i64; 6] = [200_00, 300_00, 500_00, 500_00, 1_000_00, 2_000_00];
const PASS_LOW_FEN: i64 = 60_00;
const LOADS_AGAIN: f64 = 0.5;
/// A top-up by others, in CNY fen: median, deviation of its logarithm, least and most.
const TOPUP_FEN: (f64, f64, i64, i64) = (700_00.0, 0.7, 100_00, 5_000_00);
const TOPUP_FEE: (f64, f64) = (0.005, 0.06);
const INTERMEDIARIES: u64 = 9;
const INTERMEDIARY: u64 = 0x7472_6176;
/// The coupon of new customers, in CNY fen; new customers whom another one invited.
const COUPON_FEN: (i64, i64) = (5_00, 30_00);
const INVITED: f64 = 0.12;
/// A balance from here on is taken home, in CNY fen, by so many.
const TAKEN_HOME_FEN: i64 = 80_00;
const TAKES_HOME: f64 = 0.55;
/// Names the bank at home.
const BANK: u64 = 0x6261_6e6b;

/// Something to be done before the wallet is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Prove,
    Link,
    /// The passport, for those who link a card first.
    ProveLate,
    /// Another card.
    Second,
    Coupon,
    Load,
    TopUp,
}

/// Tasks in the order in which they are done.
const TASKS: [Task; 7] =
    [Task::Prove, Task::Link, Task::ProveLate, Task::Second, Task::Coupon, Task::Load, Task::TopUp];

/// The tasks that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Todo(u8);

impl Todo {
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn add(&mut self, task: Task) {
        self.0 |= 1 << task as u8;
    }

    fn strike(&mut self, task: Task) {
        self.0 &= !(1 << task as u8);
    }

    fn first(self) -> Option<Task> {
        TASKS.into_iter().find(|task| self.0 & 1 << *task as u8 != 0)
    }
}

impl Traveller {
    /// The first act of the visit.
    pub(super) fn begin(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let visit = self.visit;
        let is_under_way = visit.begin_ms < stage.now_ms && self.tries == 0;
        if !self.has_landed && visit.arrival_ms <= stage.now_ms {
            people::admit(stage, visit.account, visit.persona, visit.opened_ms, visit.home);
            self.land(stage);
        }
        people::admit(stage, visit.account, visit.persona, visit.opened_ms, visit.home);
        if is_under_way {
            // The world begins in the middle of this visit.
            return self.go(Phase::Dawn, stage.now_ms.max(visit.arrival_ms));
        }
        if !visit.is_first() {
            return self.go(Phase::Login { streak: 0 }, stage.now_ms);
        }
        self.open(stage)
    }

    fn open(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let bearing = self.bearing(stage, Spot::Indoors)?;
        self.session = stage.session("otp_sms", "direct");
        let form_fill_ms = stage.chance.log_normal(FORM_MS.0, FORM_MS.1) as u32;
        if stage.chance.hit(INVITED) {
            let own = self.visit.account;
            let friend = stage.accounts.victim(&mut stage.chance, |account| account.key != own);
            self.invited_by = friend.unwrap_or(0);
        }
        let referral = (self.invited_by != 0).then_some(self.invited_by);
        let act = Act::Open { form_fill_ms, referral };
        let end = stage.attempt(&self.who(&bearing), &act);
        if !end.ending.is_done() {
            self.tries += 1;
            if TRIES <= self.tries || !stage.chance.hit(TRIES_AGAIN) {
                // The traveller pays in cash after all.
                stage.accounts.remove(self.visit.account);
                return None;
            }
            let pause_ms = stage.chance.log_normal(10.0 * MINUTE_MS as f64, 0.8) as i64;
            return self.go(Phase::Begin, end.at_ms + pause_ms);
        }
        self.tries = 0;
        self.is_in = true;
        self.plan_setup(stage);
        self.resume(end.at_ms)
    }

    fn plan_setup(&mut self, stage: &mut Stage<'_>) {
        let habits = self.visit.habits;
        if habits.has(Habit::Proves) {
            let is_late = stage.chance.hit(CARD_FIRST);
            self.todo.add(if is_late { Task::ProveLate } else { Task::Prove });
        }
        self.todo.add(Task::Link);
        for (habit, task) in
            [(Habit::Coupon, Task::Coupon), (Habit::Pass, Task::Load), (Habit::TopUp, Task::TopUp)]
        {
            if habits.has(habit) {
                self.todo.add(task);
            }
        }
    }

    /// What the state of the wallet asks for on a later day.
    pub(super) fn plan_tasks(&mut self, stage: &mut Stage<'_>) {
        let Some(account) = stage.accounts.get(self.visit.account) else { return };
        let cards = account.cards.len();
        let low = account.pass.is_some_and(|pass| pass.balance_fen < PASS_LOW_FEN);
        let (pocket, balance_fen) = (people::pocket(account), account.balance_fen);
        let chance = &mut stage.chance;
        if cards == 0 {
            if chance.hit(TRIES_TOMORROW) {
                self.card = (u64::from(self.card) % pocket) as u8;
                self.todo.add(Task::Link);
            }
            return;
        }
        if (cards as u64) < pocket && chance.hit(LINKS_LATER) {
            self.todo.add(Task::Second);
        }
        if low && self.visit.habits.has(Habit::Pass) && chance.hit(LOADS_AGAIN) {
            self.todo.add(Task::Load);
        }
        // Those who know the wallet fill it up when they come again.
        let is_empty = balance_fen < TAKEN_HOME_FEN && self.is_arrival_day();
        if is_empty && self.visit.habits.has(Habit::TopUp) && !self.visit.is_first() {
            self.todo.add(Task::TopUp);
        }
    }

    /// Does the next task.
    pub(super) fn set_up(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let Some(task) = self.todo.first() else { return self.resume(stage.now_ms) };
        let bearing = self.bearing(stage, Spot::Indoors)?;
        let end = match task {
            Task::Prove | Task::ProveLate => self.prove(stage, &bearing),
            Task::Link | Task::Second => return self.link(stage, task, bearing),
            Task::Coupon => self.redeem(stage, &bearing),
            Task::Load => self.load(stage, &bearing),
            Task::TopUp => self.top_up(stage, &bearing),
        };
        let Some(end) = end else {
            self.todo.strike(task);
            return self.resume(stage.now_ms);
        };
        self.after_task(stage, task, &end)
    }

    /// Strikes a task that is done or given up, or waits to try it again.
    fn after_task(&mut self, stage: &mut Stage<'_>, task: Task, end: &Outcome) -> Option<i64> {
        let is_over = end.ending.is_done() || end.ending == Ending::Held;
        if !is_over && self.tries + 1 < TRIES && stage.chance.hit(TRIES_AGAIN) {
            self.tries += 1;
            let pause_ms = stage.chance.log_normal(4.0 * MINUTE_MS as f64, 1.0) as i64;
            return self.go(Phase::Setup, end.at_ms + pause_ms);
        }
        self.tries = 0;
        self.todo.strike(task);
        if end.ending == Ending::Void {
            return self.tomorrow(end.at_ms);
        }
        let pause_ms = stage.chance.log_normal(40_000.0, 0.8) as i64;
        self.resume(end.at_ms + pause_ms)
    }

    fn prove(&mut self, stage: &mut Stage<'_>, bearing: &Bearing) -> Option<Outcome> {
        let holder = self.account(stage)?.holder;
        let chance = &mut stage.chance;
        let act = Act::Verify {
            document: holder.document,
            country: holder.nationality,
            name: holder.name,
            nfc: chance.weigh(&[("verified", 0.48), ("not_read", 0.49), ("failed", 0.03)]),
            liveness: chance.normal(0.93, 0.05).clamp(0.3, 0.999),
            face: chance.normal(0.91, 0.055).clamp(0.3, 0.999),
            result: match chance.unit() {
                lot if lot < PROOF_FAILS => "fail",
                lot if lot < PROOF_FAILS + PROOF_WAITS => "manual",
                _ => "pass",
            },
            attempt: self.tries + 1,
        };
        let mut end = stage.attempt(&self.who(bearing), &act);
        if matches!(act, Act::Verify { result: "fail", .. }) && end.ending.is_done() {
            // It went through, but proved nothing: once more.
            end.ending = Ending::Failed;
        }
        Some(end)
    }

    /// Links the next own card; a refused one makes room for the one after it.
    fn link(&mut self, stage: &mut Stage<'_>, task: Task, bearing: Bearing) -> Option<i64> {
        let account = self.account(stage)?;
        let pocket = people::pocket(account);
        let linked = |card: &Card| account.cards.iter().any(|own| own.key == card.key);
        let own = |index| people::own_card(stage.ground, account, index);
        let order = (0..pocket).map(|step| (u64::from(self.card) + step) % pocket);
        let found = order.map(|index| (index, own(index))).find(|(_, card)| !linked(card));
        let Some((index, card)) = found else {
            self.todo.strike(task);
            return self.resume(stage.now_ms);
        };
        self.card = index as u8;
        let end = self.link_card(stage, &bearing, &card, self.tries + 1);
        let (refusal, at_ms) = match end.ending {
            Ending::Done => {
                self.tries = 0;
                self.todo.strike(task);
                self.card = ((index + 1) % pocket) as u8;
                if task == Task::Link && 1 < pocket && stage.chance.hit(LINKS_SECOND) {
                    self.todo.add(Task::Second);
                }
                let pause_ms = stage.chance.log_normal(40_000.0, 0.8) as i64;
                return self.resume(end.at_ms + pause_ms);
            }
            Ending::Refused(refusal) => (refusal, end.at_ms),
            _ => return self.after_task(stage, task, &end),
        };
        if TRIES <= self.tries + 1 || !stage.chance.hit(INSISTS) {
            self.tries = 0;
            self.todo.strike(task);
            return self.resume(at_ms);
        }
        self.tries += 1;
        let pause_s = match refusal {
            Refusal::Data => 25.0,
            _ => {
                self.card = ((index + 1) % pocket) as u8;
                self.clear_caches(stage);
                110.0
            }
        };
        let pause_ms = stage.chance.log_normal(pause_s * 1_000.0, 0.8) as i64;
        self.go(Phase::Setup, at_ms + pause_ms + 8 * SECOND_MS)
    }

    /// One try to link a card; what follows a refusal looks like card testing.
    pub(super) fn link_card(
        &self,
        stage: &mut Stage<'_>,
        bearing: &Bearing,
        card: &Card,
        attempt: u8,
    ) -> Outcome {
        let chance = &mut stage.chance;
        let entry = chance.weigh(&[
            ("manual", 0.58),
            ("ocr", 0.37),
            ("nfc_tap", 0.04),
            ("wallet_push", 0.01),
        ]);
        let is_typed = entry == "manual";
        let (median, sigma) = if is_typed { TYPED_MS } else { SCANNED_MS };
        let act = Act::Link {
            card,
            entry,
            entry_ms: chance.log_normal(median, sigma) as u32,
            is_pasted: is_typed && chance.hit(PASTED),
            knows_cvv: true,
            attempt,
        };
        let story =
            if 1 < attempt { Story::like(LookAlike::IssuerDeclineRetry) } else { bearing.story };
        stage.attempt(&self.who(&Bearing { story, ..*bearing }), &act)
    }

    /// After a refusal some do as they are told: they clear caches, or install the app again.
    pub(super) fn clear_caches(&self, stage: &mut Stage<'_>) {
        /// Those who do.
        const CLEARS: f64 = 0.25;
        if stage.chance.hit(CLEARS)
            && let Some(account) = stage.accounts.get_mut(self.visit.account)
        {
            account.device.fingerprint += 1;
        }
    }

    fn redeem(&mut self, stage: &mut Stage<'_>, bearing: &Bearing) -> Option<Outcome> {
        let market = &stage.ground.market;
        let place = stage.chance.below(Audience::Newcomers.campaigns());
        let referrer = (self.invited_by != 0).then_some(self.invited_by);
        let act = Act::Redeem {
            campaign: market.campaign(Audience::Newcomers, place, stage.now_ms),
            benefit_fen: stage.chance.between(COUPON_FEN.0, COUPON_FEN.1) / 100 * 100,
            kind: if referrer.is_some() { "referral" } else { "new_user" },
            referrer,
        };
        Some(stage.attempt(&self.who(bearing), &act))
    }

    fn load(&mut self, stage: &mut Stage<'_>, bearing: &Bearing) -> Option<Outcome> {
        let card = self.account(stage)?.cards.first().copied()?;
        let fen = stage.chance.pick(&LOADS_FEN);
        Some(stage.attempt(&self.who(bearing), &Act::Load { card: &card, fen }))
    }

    fn top_up(&mut self, stage: &mut Stage<'_>, bearing: &Bearing) -> Option<Outcome> {
        let visit = self.visit;
        let chance = &mut stage.chance;
        let (median, sigma, least, most) = TOPUP_FEN;
        let fen = (chance.log_normal(median, sigma) as i64).clamp(least, most) / 100_00 * 100_00;
        let fee = TOPUP_FEE.0 + (TOPUP_FEE.1 - TOPUP_FEE.0) * chance.unit();
        let is_family = visit.persona == Persona::Family;
        let own = if is_family { 0.25 } else { 0.6 };
        let act = Act::TopUp {
            intermediary: mix(INTERMEDIARY, chance.below(INTERMEDIARIES)) >> 4,
            licence: chance.weigh(&[("licensed", 0.82), ("agent", 0.16), ("unknown", 0.02)]),
            fen,
            paid_fen: fen + (fen as f64 * fee) as i64,
            payer: mix(visit.account, chance.below(2)) >> 4,
            payer_is_holder: chance.weigh(&[("yes", own), ("no", 0.9 - own), ("unknown", 0.1)]),
            instrument: chance.weigh(&[("bank", 0.5), ("card", 0.36), ("cash", 0.14)]),
            payer_country: if is_family && chance.hit(0.5) { Country::CN } else { visit.home },
        };
        Some(stage.attempt(&self.who(bearing), &act))
    }

    /// At the airport: what is left goes home. Gives when that was done.
    pub(super) fn take_out(&mut self, stage: &mut Stage<'_>) -> i64 {
        let now_ms = stage.now_ms;
        let (key, home) = (self.visit.account, self.visit.home);
        let Some(bearing) = self.bearing(stage, Spot::Indoors) else { return now_ms };
        let Some(account) = self.account(stage) else { return now_ms };
        let (fen, has_pass) = (account.balance_fen, account.pass.is_some());
        let mut end_ms = now_ms;
        if TAKEN_HOME_FEN <= fen && stage.chance.hit(TAKES_HOME) {
            let chance = &mut stage.chance;
            let act = Act::Withdraw {
                fen,
                dest: mix(key, BANK) >> 4,
                dest_kind: chance.weigh(&[("bank", 0.85), ("card", 0.1), ("remittance", 0.05)]),
                dest_country: home,
                name_match: chance.weigh(&[("exact", 0.82), ("strong", 0.14), ("weak", 0.04)]),
                added_ms: now_ms - chance.exponential(9.0 * HOUR_MS as f64) as i64,
            };
            end_ms = stage.attempt(&self.who(&bearing), &act).at_ms;
        }
        if has_pass {
            let reason = stage.chance.weigh(&[("user", 0.8), ("expired", 0.2)]);
            stage.note(end_ms, &Note::ClosePass { account: key, reason });
        }
        end_ms
    }

    /// Home again: the phone is what it was, cards may leave the wallet.
    pub(super) fn come_home(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let (now_ms, visit) = (stage.now_ms, self.visit);
        self.unpack(stage);
        self.has_landed = false;
        self.is_hidden = false;
        if visit.habits.has(Habit::Unlinks) {
            let cards = self.account(stage)?.cards.len();
            self.session = stage.session(self.opens_by(stage), "direct");
            let bearing = self.bearing(stage, Spot::Indoors)?;
            for _ in 0..cards {
                let Some(card) = self.account(stage)?.cards.first().map(|card| card.key) else {
                    break;
                };
                stage.note(now_ms, &Note::Unlink { who: &self.who(&bearing), card });
            }
        }
        if visit.comes_back {
            return None;
        }
        self.go(Phase::Gone, visit.leave_ms.max(now_ms) + super::FORGOTTEN_MS)
    }
}
