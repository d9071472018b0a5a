//! T15, synthetic or rented identity: wallets in the names of people who do not use them.
//!
//! A crew rents passports. Each is real; its holder sits before the camera for a fee, or a stranger
//! does with the holder's face laid over his own, which a camera likes a little less. One passport
//! proves three to eight wallets, each with a card in that name, on few phones and lines. They age
//! for 20 to 90 days with now and then a snack, most of them before the episode begins, and are
//! then used: some bust the line of their card out at goods that sell again, the others take in
//! money from strangers and send it on. A crew too small for a passport of its own shares the one
//! that it rented this season, so one document meets in several episodes.
//!
//! Opening, proving and linking are fraud without a stake. Purchases of a bust-out stake their
//! amount, and so does what a mule sends out of the wallet; what it takes in does not, or the same
//! money would be lost twice. Snacks are cover. Crews that learn put fewer wallets on a passport,
//! find holders who come themselves, give each wallet a phone and a line of its own, let wallets
//! rest longer and take less at a time. A wallet that cannot be proved gets another passport, or is
//! used for small sums as it is. It ends when each wallet is used up or lost.

use super::bust_out::{credit_card, served_country};
use super::mule_ring::hand::{
    DAY_MS, HOUR_MS, Hand, MINUTE_MS, Purchase, is_lost, waking, whole_yuan,
};
use crate::synth::act::{Act, Ending, Outcome};
use crate::synth::asset::{Card, Country};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Asset, Brief, Playbook};
use crate::synth::market::Trade;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

/// T15.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::SyntheticIdentity, events: 29.0, least: 2.8, begin };

/// Wallets of an episode, and how many one passport proves at most.
const WALLETS: (f64, f64) = (3.0, 8.0);
const WALLETS_A_PASSPORT: usize = 8;
/// Fewer wallets than this are not worth a passport of their own.
const WORTH_A_PASSPORT: u32 = 3;
/// A shared passport is used for so many days, which is about as long as its wallets last.
const SEASON_DAYS: f64 = 45.0;
/// Passports whose holder does not come himself, without disguise and with all of it.
const SWAPPED: (f64, f64) = (0.55, 0.15);
/// How a camera likes a holder, and a face laid over another: mean and deviation of liveness, and
/// of the match with the passport's picture.
const HOLDER_SEEN: [(f64, f64); 2] = [(0.92, 0.055), (0.90, 0.06)];
const SWAPPED_SEEN: [(f64, f64); 2] = [(0.87, 0.07), (0.87, 0.065)];
/// Proofs that fail: of a holder, and of a face laid over another; and how often one is tried.
const FAILS: (f64, f64) = (0.10, 0.30);
const PROOFS: u8 = 3;
/// Pause before the next try, in mean minutes.
const RETRY_MIN: f64 = 12.0;
/// Wallets whose proof was stopped for which another passport is rented.
const RENTS_ANOTHER: f64 = 0.5;
/// Wallets that are opened when the episode begins, with all their ageing ahead.
const OPENED_NOW: f64 = 0.15;
/// Of the others, those that were proved when they were opened.
const PROVED_LONG_AGO: f64 = 0.3;
/// How long a wallet ages before it is used, in days; and what is left of that for most.
const AGEING_DAYS: (f64, f64) = (20.0, 90.0);
const LEFT_DAYS: (f64, f64) = (0.8, 6.0);
/// From one wallet to the next, in mean hours.
const APART_H: f64 = 7.0;
/// From one snack to the next in mean days, and what one costs, in CNY fen.
const SNACK_DAYS: f64 = 1.0;
const SNACK_FEN: (f64, f64) = (900.0, 7_000.0);
/// A careless crew uses the phone, and the card, of the wallet before so often.
const SHARED_PHONE: f64 = 0.3;
const SHARED_CARD: f64 = 0.3;
/// Wallets that bust out; the others are mules.
const BUSTS_OUT: f64 = 0.6;
/// Purchases of a bust-out, what one costs in CNY fen, and the mean hours between two.
const PURCHASES: (f64, f64) = (3.0, 8.0);
const PURCHASE_FEN: (f64, f64) = (20_000.0, 160_000.0);
const PURCHASE_H: f64 = 5.0;
/// Share of the line that all of them take: beyond it the issuer refuses.
const LINE_SHARE: (f64, f64) = (0.85, 1.15);
/// Sums that a mule takes in, what one is in CNY fen, and the mean hours between two.
const SUMS: (f64, f64) = (2.0, 5.0);
const SUM_FEN: (f64, f64) = (50_000.0, 350_000.0);
const SUM_H: f64 = 14.0;
/// How long a sum rests: median minutes and the deviation of the logarithm; and what is sent on.
const HOLD_MIN: (f64, f64) = (70.0, 1.1);
const SENT_ON: (f64, f64) = (0.70, 0.98);
/// Of the usual amounts, what an unproved wallet is used for.
const UNPROVED: f64 = 0.25;
/// Stops in a row after which a wallet is left alone.
const STOPS: u8 = 3;

/// Names the passports that a crew shares.
const SHARED: u64 = 0x7061_7373;

/// A passport, as somebody else shows it.
#[derive(Debug, Clone, Copy)]
struct Passport {
    document: u64,
    name: u64,
    country: Country,
    birth_year: u16,
    is_swapped: bool,
}

/// A wallet in a rented name.
#[derive(Debug, Clone, Copy)]
struct Wallet {
    account: u64,
    passport: Passport,
    card: Card,
    is_proved: bool,
    is_mule: bool,
    /// When it has aged enough.
    ripe_ms: i64,
    /// Purchases or sums to come.
    uses_left: u32,
    /// What one of them is, in CNY fen.
    usual_fen: f64,
    /// What the issuer still grants, in CNY fen.
    room_fen: i64,
    stops: u8,
}

/// What is to be done next with a wallet.
#[derive(Debug, Clone, Copy)]
struct Task {
    due_ms: i64,
    wallet: usize,
    job: Job,
}

#[derive(Debug, Clone, Copy)]
enum Job {
    /// It is opened.
    Open,
    /// The passport is shown, for the so many-th time.
    Prove(u8),
    /// A card is linked, for the so many-th time.
    Link(u8),
    /// It buys a snack, or is used when it is ripe.
    Age,
    /// It buys what sells again.
    Buy,
    /// It takes in a sum.
    TakeIn,
    /// It sends a sum on.
    SendOn(i64),
}

/// The crew at work.
struct Renters {
    hand: Hand,
    wallets: Vec<Wallet>,
    tasks: Vec<Task>,
    /// The crew gives up.
    is_over: bool,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::SyntheticIdentity, Vector::V7);
    let count = hand.many(&mut stage.chance, WALLETS, 1);
    let passports = hand.craft.spread.clamp(1, count);
    let a_passport = (count.div_ceil(passports) as usize).min(WALLETS_A_PASSPORT);
    let mut renters = Renters { hand, wallets: Vec::new(), tasks: Vec::new(), is_over: false };
    let mut passport = renters.first_passport(stage, count);
    let mut due_ms = stage.now_ms;
    for place in 0..count as usize {
        if 0 < place && place.is_multiple_of(a_passport) {
            passport = renters.rent(stage);
        }
        due_ms = waking(due_ms);
        renters.settle(stage, passport, due_ms);
        due_ms += renters.hand.gap_ms(&mut stage.chance, APART_H * HOUR_MS);
    }
    Some(Box::new(renters))
}

impl Renters {
    /// A passport of the episode's own, or for a few wallets the one of the crew's season.
    fn first_passport(&self, stage: &mut Stage<'_>, wallets: u32) -> Passport {
        if WORTH_A_PASSPORT <= wallets {
            return self.rent(stage);
        }
        let season = (stage.now_ms as f64 / (SEASON_DAYS * DAY_MS)) as u64;
        let passports = u64::from(self.hand.craft.spread.max(1));
        let lot = stage.chance.below(passports);
        let name = [SHARED, self.hand.brief.crew, season, lot];
        let own = Chance::of(stage.ground.seed, &name);
        let step = std::mem::replace(&mut stage.chance, own);
        let passport = self.rent(stage);
        stage.chance = step;
        passport
    }

    /// Another passport.
    fn rent(&self, stage: &mut Stage<'_>) -> Passport {
        stage.buy(self.hand.brief.crew, Asset::RentedIdentity);
        let country = served_country(stage);
        let chance = &mut stage.chance;
        let swapped = SWAPPED.0 + (SWAPPED.1 - SWAPPED.0) * self.hand.craft.disguise;
        Passport {
            document: (chance.bits() >> 4).max(1),
            name: (chance.bits() >> 4).max(1),
            country,
            birth_year: chance.normal(1988.0, 11.0).clamp(1945.0, 2006.0) as u16,
            is_swapped: chance.hit(swapped),
        }
    }

    /// Gets a wallet in the name of a passport, and sets its first task.
    fn settle(&mut self, stage: &mut Stage<'_>, passport: Passport, due_ms: i64) {
        let hand = self.hand;
        let craft = hand.craft;
        let ageing_days = hand.between(&mut stage.chance, AGEING_DAYS);
        let is_new = stage.chance.hit(OPENED_NOW);
        let is_proved = !is_new && stage.chance.hit(PROVED_LONG_AGO);
        let left_days =
            if is_new { ageing_days } else { hand.between(&mut stage.chance, LEFT_DAYS) };
        let age_ms = if is_new { 0 } else { ((ageing_days - left_days) * DAY_MS) as i64 };
        let rest_ms = left_days * DAY_MS + craft.patience_h * HOUR_MS;
        let is_mule = !stage.chance.hit(BUSTS_OUT);
        let (uses, usual_fen) = if is_mule { (SUMS, SUM_FEN) } else { (PURCHASES, PURCHASE_FEN) };
        let uses_left = hand.many(&mut stage.chance, uses, 1);
        let usual_fen = hand.between(&mut stage.chance, usual_fen) * craft.amount;
        let share = hand.between(&mut stage.chance, LINE_SHARE);
        let card = self.card(stage, passport);
        let place = self.wallets.len();
        self.wallets.push(Wallet {
            account: 0,
            passport,
            card,
            is_proved,
            is_mule,
            ripe_ms: due_ms + rest_ms as i64,
            uses_left,
            usual_fen,
            room_fen: whole_yuan(f64::from(uses_left) * usual_fen / share),
            stops: 0,
        });
        let job = match (is_new, is_proved) {
            (true, _) => Job::Open,
            (false, false) => Job::Prove(1),
            (false, true) => Job::Age,
        };
        self.tasks.push(Task { due_ms, wallet: place, job });
        if !is_new {
            self.admit(stage, place, age_ms);
        }
    }

    /// A card in the name of a passport; careless crews have one for several wallets.
    fn card(&self, stage: &mut Stage<'_>, passport: Passport) -> Card {
        let last = self.wallets.last().filter(|last| last.passport.name == passport.name);
        let shared = SHARED_CARD * (1.0 - self.hand.craft.disguise);
        match last {
            Some(last) if stage.chance.hit(shared) => last.card,
            Some(_) | None => credit_card(stage, passport.country, passport.name),
        }
    }

    /// Puts a wallet among the accounts, with a phone of its own or that of the one before.
    fn admit(&mut self, stage: &mut Stage<'_>, place: usize, age_ms: i64) {
        let Wallet { passport, card, is_proved, .. } = self.wallets[place];
        let mut account = self.hand.recruit(stage, age_ms);
        let shared = SHARED_PHONE * (1.0 - self.hand.craft.disguise);
        let before = place.checked_sub(1).map(|before| self.wallets[before].account);
        if let Some(before) = before.and_then(|before| stage.accounts.get(before))
            && stage.chance.hit(shared)
        {
            account.device = before.device;
        }
        account.holder.name = passport.name;
        account.holder.nationality = passport.country;
        account.holder.residence = passport.country;
        account.holder.birth_year = passport.birth_year;
        account.holder.document = passport.document;
        account.kyc = if is_proved { 3 } else { 1 };
        if is_proved {
            account.factors.passport = account.created_ms + HOUR_MS as i64;
        }
        if 0 < age_ms {
            let linked_ms = account.created_ms + (age_ms / 4).min(DAY_MS as i64);
            account.cards.push(Card { linked_ms, ..card });
        }
        self.wallets[place].account = account.key;
        stage.accounts.insert(account);
    }

    /// Does a task and says what is next for the wallet, if anything is.
    fn work(&mut self, stage: &mut Stage<'_>, task: Task) -> Option<(i64, Job)> {
        if let Job::Open = task.job {
            self.admit(stage, task.wallet, 0);
        }
        let wallet = self.wallets[task.wallet];
        if is_lost(stage, wallet.account) {
            return None;
        }
        match task.job {
            Job::Open => self.open(stage, &wallet),
            Job::Prove(attempt) => self.prove(stage, task.wallet, attempt),
            Job::Link(attempt) => self.link(stage, &wallet, attempt),
            Job::Age => self.age(stage, &wallet),
            Job::Buy => self.buy(stage, task.wallet),
            Job::TakeIn => self.take_in(stage, task.wallet),
            Job::SendOn(fen) => self.send_on(stage, task.wallet, fen),
        }
    }

    /// An act of preparation, which stakes nothing; `None` when the crew gives up.
    fn prepare(&mut self, stage: &mut Stage<'_>, account: u64, act: &Act<'_>) -> Option<Outcome> {
        let outcome = self.hand.fraud(stage, account, 0, act);
        self.is_over = outcome.is_none();
        outcome
    }

    fn open(&mut self, stage: &mut Stage<'_>, wallet: &Wallet) -> Option<(i64, Job)> {
        let form_fill_ms = stage.chance.log_normal(50_000.0, 0.55) as u32;
        let open = Act::Open { form_fill_ms, referral: None };
        let outcome = self.prepare(stage, wallet.account, &open)?;
        let gap_ms = self.hand.gap_ms(&mut stage.chance, 20.0 * MINUTE_MS);
        outcome.ending.is_done().then_some((outcome.at_ms + gap_ms, Job::Prove(1)))
    }

    fn prove(&mut self, stage: &mut Stage<'_>, place: usize, attempt: u8) -> Option<(i64, Job)> {
        let Wallet { account, passport, .. } = self.wallets[place];
        let chance = &mut stage.chance;
        let is_swapped = passport.is_swapped;
        let [liveness, face] = if is_swapped { SWAPPED_SEEN } else { HOLDER_SEEN };
        let mut seen = |(mean, deviation)| chance.normal(mean, deviation).clamp(0.3, 0.999);
        let (liveness, face) = (seen(liveness), seen(face));
        // The chip holds the picture of the true holder, so swapped faces avoid it.
        let chips = if is_swapped {
            [("verified", 0.10), ("not_read", 0.82), ("failed", 0.08)]
        } else {
            [("verified", 0.42), ("not_read", 0.54), ("failed", 0.04)]
        };
        let fails = chance.hit(if is_swapped { FAILS.1 } else { FAILS.0 });
        let proof = Act::Verify {
            document: passport.document,
            country: passport.country,
            name: passport.name,
            nfc: chance.weigh(&chips),
            liveness,
            face,
            result: if fails { "fail" } else { "pass" },
            attempt,
        };
        let outcome = self.prepare(stage, account, &proof)?;
        let is_through = outcome.ending.is_done();
        if is_through && fails && attempt < PROOFS {
            let gap_ms = stage.chance.exponential(RETRY_MIN * MINUTE_MS) as i64 + 40_000;
            return Some((outcome.at_ms + gap_ms, Job::Prove(attempt + 1)));
        }
        let is_stopped = outcome.ending.is_stopped();
        if is_stopped && stage.chance.hit(RENTS_ANOTHER) {
            self.rename(stage, place);
            let gap_ms = self.hand.gap_ms(&mut stage.chance, DAY_MS);
            return Some((outcome.at_ms + gap_ms, Job::Prove(1)));
        }
        let wallet = &mut self.wallets[place];
        wallet.is_proved = is_through && !fails;
        if !wallet.is_proved {
            wallet.usual_fen *= UNPROVED;
        }
        let has_card = stage.accounts.get(account).is_some_and(|owner| !owner.cards.is_empty());
        let job = if has_card { Job::Age } else { Job::Link(1) };
        let gap_ms = self.hand.gap_ms(&mut stage.chance, 3.0 * HOUR_MS);
        Some((outcome.at_ms + gap_ms, job))
    }

    /// Another passport for a wallet; its card goes with the name.
    fn rename(&mut self, stage: &mut Stage<'_>, place: usize) {
        let passport = self.rent(stage);
        let card = credit_card(stage, passport.country, passport.name);
        let wallet = &mut self.wallets[place];
        (wallet.passport, wallet.card) = (passport, card);
        if let Some(account) = stage.accounts.get_mut(wallet.account) {
            account.holder.name = passport.name;
            account.holder.nationality = passport.country;
            account.holder.birth_year = passport.birth_year;
            account.holder.document = passport.document;
            account.cards.clear();
        }
    }

    fn link(&mut self, stage: &mut Stage<'_>, wallet: &Wallet, attempt: u8) -> Option<(i64, Job)> {
        let entry = stage.chance.weigh(&[("manual", 0.7), ("ocr", 0.3)]);
        let median_ms = if entry == "manual" { 20_000.0 } else { 5_500.0 };
        let link = Act::Link {
            card: &wallet.card,
            entry,
            entry_ms: stage.chance.log_normal(median_ms, 0.45) as u32,
            is_pasted: entry == "manual" && stage.chance.hit(0.12),
            knows_cvv: true,
            attempt,
        };
        let outcome = self.prepare(stage, wallet.account, &link)?;
        let gap_ms = self.hand.gap_ms(&mut stage.chance, HOUR_MS);
        let next = match outcome.ending.is_done() {
            true => Some(Job::Age),
            false => (attempt < 2).then_some(Job::Link(attempt + 1)),
        };
        next.map(|job| (outcome.at_ms + gap_ms, job))
    }

    /// Buys a snack as anybody does, until the wallet is ripe.
    fn age(&self, stage: &mut Stage<'_>, wallet: &Wallet) -> Option<(i64, Job)> {
        if wallet.ripe_ms <= stage.now_ms {
            return Some((stage.now_ms, if wallet.is_mule { Job::TakeIn } else { Job::Buy }));
        }
        let card = linked_card(stage, wallet)?;
        let fen = self.hand.between(&mut stage.chance, SNACK_FEN) as i64 / 10 * 10;
        let trade = stage.chance.weigh(&[(Trade::Food, 3.0), (Trade::Retail, 1.0)]);
        let purchase = Purchase { trade, fen, card: Some(&card) };
        let cover = self.hand.story().cover();
        let outcome = self.hand.buy(stage, wallet.account, purchase, cover);
        let gap_ms = stage.chance.exponential(SNACK_DAYS * DAY_MS) as i64;
        Some(((outcome.at_ms + gap_ms).min(wallet.ripe_ms.max(outcome.at_ms)), Job::Age))
    }

    /// One purchase of a bust-out.
    fn buy(&mut self, stage: &mut Stage<'_>, place: usize) -> Option<(i64, Job)> {
        let wallet = self.wallets[place];
        let fen = whole_yuan(stage.chance.log_normal(wallet.usual_fen, 0.4)).max(3_000);
        let resale = [
            (Trade::Electronics, 3.0),
            (Trade::GiftCards, 3.0),
            (Trade::Jewellery, 2.0),
            (Trade::Gaming, 1.0),
        ];
        let ordinary = [(Trade::Retail, 3.0), (Trade::Luxury, 1.0), (Trade::Electronics, 1.0)];
        let is_hidden = stage.chance.hit(0.5 * self.hand.craft.disguise);
        let trade =
            if is_hidden { stage.chance.weigh(&ordinary) } else { stage.chance.weigh(&resale) };
        let card = Card { limit_fen: wallet.room_fen, ..linked_card(stage, &wallet)? };
        let purchase = Purchase { trade, fen, card: Some(&card) };
        let story = self.hand.story().staking(fen);
        let outcome = self.hand.buy(stage, wallet.account, purchase, story);
        self.is_over = !self.hand.heed(stage, &outcome);
        if outcome.ending.is_done() {
            self.wallets[place].room_fen -= fen;
        }
        let gap_ms = self.hand.gap_ms(&mut stage.chance, PURCHASE_H * HOUR_MS);
        self.used(place, outcome.ending).then_some((outcome.at_ms + gap_ms, Job::Buy))
    }

    /// A stranger pays a sum into the wallet.
    fn take_in(&mut self, stage: &mut Stage<'_>, place: usize) -> Option<(i64, Job)> {
        let Wallet { account, usual_fen, .. } = self.wallets[place];
        let fen = whole_yuan(stage.chance.log_normal(usual_fen, 0.5)).max(10_000);
        let chance = &mut stage.chance;
        let channel = chance.below(u64::from(self.hand.craft.spread) + 1);
        let is_one_payer = chance.hit(0.3 + 0.6 * self.hand.craft.disguise);
        let payer = if is_one_payer { mix(account, 17) } else { chance.bits() };
        let top_up = Act::TopUp {
            intermediary: mix(self.hand.brief.crew, channel) >> 4,
            licence: chance.weigh(&[("licensed", 0.65), ("agent", 0.35)]),
            fen,
            paid_fen: fen + fen * chance.between(5, 40) / 1_000,
            payer: (payer >> 4).max(1),
            payer_is_holder: chance.weigh(&[("no", 0.45), ("yes", 0.3), ("unknown", 0.25)]),
            instrument: chance.weigh(&[("bank", 5.0), ("card", 3.0), ("cash", 1.5)]),
            payer_country: if chance.hit(0.6) { Country::CN } else { Country(*b"HK") },
        };
        let outcome = self.prepare(stage, account, &top_up)?;
        if !outcome.ending.is_done() {
            let gap_ms = self.hand.gap_ms(&mut stage.chance, SUM_H * HOUR_MS);
            let goes_on = self.used(place, outcome.ending);
            return goes_on.then_some((outcome.at_ms + gap_ms, Job::TakeIn));
        }
        let hold_ms = stage.chance.log_normal(HOLD_MIN.0, HOLD_MIN.1) * MINUTE_MS;
        let hold_ms = hold_ms / self.hand.craft.pace + self.hand.craft.patience_h * HOUR_MS / 4.0;
        Some((outcome.at_ms + hold_ms as i64, Job::SendOn(fen)))
    }

    /// Most of a sum leaves for a bank or abroad.
    fn send_on(&mut self, stage: &mut Stage<'_>, place: usize, fen: i64) -> Option<(i64, Job)> {
        let account = self.wallets[place].account;
        let share = self.hand.between(&mut stage.chance, SENT_ON);
        let onward = whole_yuan(fen as f64 * share);
        let outcome = self.hand.exit(stage, account, onward, onward);
        self.is_over = outcome.is_none();
        let outcome = outcome?;
        let goes_on = self.used(place, outcome.ending);
        let is_stopped = outcome.ending.is_stopped();
        let gap_ms = self.hand.gap_ms(&mut stage.chance, SUM_H * HOUR_MS);
        // What was stopped is tried again, the half of it.
        let job = if is_stopped { Job::SendOn(fen / 2) } else { Job::TakeIn };
        goes_on.then_some((outcome.at_ms + gap_ms, job))
    }

    /// Counts a use of a wallet; whether there is another one.
    fn used(&mut self, place: usize, ending: Ending) -> bool {
        let wallet = &mut self.wallets[place];
        if ending.is_stopped() {
            wallet.stops += 1;
        } else {
            wallet.stops = 0;
            wallet.uses_left = wallet.uses_left.saturating_sub(1);
        }
        0 < wallet.uses_left && wallet.stops < STOPS && ending != Ending::Void
    }
}

/// The card of a wallet, as it is linked.
fn linked_card(stage: &Stage<'_>, wallet: &Wallet) -> Option<Card> {
    stage.accounts.get(wallet.account)?.cards.first().copied()
}

impl Actor for Renters {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next = (0..self.tasks.len()).min_by_key(|task| self.tasks[*task].due_ms);
        if let Some(next) = next.filter(|next| self.tasks[*next].due_ms <= stage.now_ms) {
            let task = self.tasks.swap_remove(next);
            if let Some((due_ms, job)) = self.work(stage, task) {
                self.tasks.push(Task { due_ms: waking(due_ms), job, ..task });
            }
        }
        let due_ms = self.tasks.iter().map(|task| task.due_ms).min();
        if let Some(due_ms) = due_ms.filter(|_| !self.is_over) {
            return Some(due_ms.max(stage.now_ms + 1_000));
        }
        // Nobody comes back to the wallets.
        for wallet in &self.wallets {
            stage.accounts.remove(wallet.account);
        }
        None
    }
}

#[cfg(test)]
mod tests;
