//! Doubles from decimal digits and back, exactly: each text is read as the double nearest to it,
//! and each double has the shortest digits that are read as it.
//!
//! In whole numbers of any length, without tables: the tables of the fast ways weigh more than all
//! of this, and the numbers here are few.

use std::cmp::Ordering;

/// The double nearest to a number of JSON's grammar; of two that are as near, the even one. It is
/// infinite where the number is out of range.
pub(super) fn read(text: &str) -> f64 {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, ""));
    let mut exponent = integer(exponent);
    let mut digits = Whole::default();
    let mut count = 0;
    let mut is_longer = false;
    let mut is_fraction = false;
    for byte in mantissa.bytes() {
        if byte == b'.' {
            is_fraction = true;
            continue;
        }
        let digit = u32::from(byte - b'0');
        let is_kept = count < DIGITS_MAX;
        if is_kept {
            digits.times(10, digit);
            count += i32::from(!digits.is_zero());
        } else {
            is_longer |= digit > 0;
        }
        let change = i32::from(!is_kept) - i32::from(is_fraction);
        exponent = exponent.saturating_add(change);
    }
    if is_longer {
        digits.times(10, 1);
        (count, exponent) = (count + 1, exponent.saturating_sub(1));
    }
    let magnitude = match exponent.saturating_add(count) {
        _ if digits.is_zero() => 0.0,
        ..=-324 => 0.0,
        310.. => f64::INFINITY,
        _ => nearest(digits, exponent),
    };
    if negative { -magnitude } else { magnitude }
}

/// The double nearest to `digits` × 10^`exponent`.
fn nearest(mut digits: Whole, exponent: i32) -> f64 {
    let power = exponent.unsigned_abs();
    if let Some(digits) = digits.small()
        && power <= 22
    {
        // Both are doubles, so that one operation rounds once.
        let power = (0..power).fold(1.0, |power, _| power * 10.0);
        return if exponent < 0 { digits / power } else { digits * power };
    }
    let mut divisor = Whole::one();
    if exponent < 0 { &mut divisor } else { &mut digits }.times_ten_to(power);
    // A quotient of at least a quarter and less than one, times 2^`shift`.
    let shift = digits.bits() - divisor.bits() + 1;
    if shift < 0 { &mut digits } else { &mut divisor }.times_two_to(shift.unsigned_abs());
    let mut quotient = 0_u64;
    for _ in 0..QUOTIENT_BITS {
        digits.times(2, 0);
        let bit = digits.at_least(&divisor);
        if bit {
            digits.minus(&divisor);
        }
        quotient = quotient << 1 | u64::from(bit);
    }
    // Whether anything is left decides nothing but a tie.
    quotient |= u64::from(!digits.is_zero());
    let unit = shift - QUOTIENT_BITS;
    let bits = (u64::BITS - quotient.leading_zeros()) as i32;
    // What a double has no place for; the smallest ones have fewer bits.
    let dropped = (bits - 53).max(UNIT_MIN - unit);
    let kept = quotient >> dropped;
    let (rest, half) = (quotient - (kept << dropped), 1 << (dropped - 1));
    let rounds_up = rest > half || (rest == half && kept % 2 == 1);
    // The highest bit, where there is one, adds 1 to the exponent's field; so does a carry.
    let exponent = (unit + dropped - UNIT_MIN) as u64;
    f64::from_bits(((exponent << 52) + kept + u64::from(rounds_up)).min(f64::INFINITY.to_bits()))
}

/// The exponent of a number, and a bound of it where it is absurd.
fn integer(text: &str) -> i32 {
    let digits = text.trim_start_matches(['+', '-']);
    let magnitude = digits.bytes().fold(0_i32, |magnitude, byte| {
        magnitude.saturating_mul(10).saturating_add(i32::from(byte - b'0'))
    });
    if text.starts_with('-') { -magnitude } else { magnitude }
}

/// The shortest decimal number that reads back as a double: ±0.`digits` × 10^`point`, without
/// zeros at either end of `digits`; zero has none.
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    pub(crate) digits: String,
    pub(crate) point: i32,
}

impl Decimal {
    /// Of a finite double, by Steele and White's free-format algorithm: digits are written until
    /// what is written is nearer to this double than to its neighbours.
    pub(crate) fn of(double: f64) -> Self {
        let bits = double.to_bits();
        let (field, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let negative = double < 0.0;
        if double.trunc() == double && double.abs() < SAFE {
            let digits = (double.abs() as u64).to_string();
            let point = if double == 0.0 { 0 } else { digits.len() as i32 };
            return Self { negative, digits: digits.trim_matches('0').to_owned(), point };
        }
        let is_normal = field > 0;
        let mantissa = fraction | u64::from(is_normal) << 52;
        let unit = field.max(1) - 1 + UNIT_MIN;
        // Below a power of two the next double is half as far away as above it.
        let is_power = fraction == 0 && field > 1;
        let spare = 1 + u32::from(is_power);
        let mut rest = Whole::of(mantissa);
        let (mut one, mut below) = (Whole::one(), Whole::one());
        rest.times_two_to(unit.max(0) as u32 + spare);
        below.times_two_to(unit.max(0) as u32);
        one.times_two_to((-unit).max(0) as u32 + spare);
        let mut above = below.clone();
        above.times_two_to(spare - 1);
        // Half way to a neighbour is read as the even one of both.
        let is_even = mantissa % 2 == 0;
        let reaches_one = |rest: &Whole, above: &Whole, one: &Whole| match rest.gap(one) {
            Some(gap) => above.beats(&gap, is_even),
            None => true,
        };
        // At most the point, and hardly ever less: 1233 / 4096 is the logarithm of 2.
        let mut point = ((unit + 63 - mantissa.leading_zeros() as i32) * 1233) >> 12;
        for part in [&mut rest, &mut above, &mut below] {
            part.times_ten_to((-point).max(0).unsigned_abs());
        }
        one.times_ten_to(point.max(0).unsigned_abs());
        while reaches_one(&rest, &above, &one) {
            one.times(10, 0);
            point += 1;
        }
        let mut digits = String::new();
        loop {
            for part in [&mut rest, &mut above, &mut below] {
                part.times(10, 0);
            }
            let mut digit = b'0';
            while rest.at_least(&one) {
                rest.minus(&one);
                digit += 1;
            }
            let is_near_below = below.beats(&rest, is_even);
            let is_near_above = reaches_one(&rest, &above, &one);
            if is_near_below || is_near_above {
                let mut twice = rest.clone();
                twice.times(2, 0);
                let order = twice.order(&one);
                let is_nearer_above =
                    order == Ordering::Greater || (order == Ordering::Equal && digit % 2 == 1);
                let is_above = is_near_above && (!is_near_below || is_nearer_above);
                digits.push(char::from(digit + u8::from(is_above)));
                return Self { negative, digits, point };
            }
            if digits.is_empty() && digit == b'0' {
                point -= 1;
            } else {
                digits.push(char::from(digit));
            }
        }
    }
}

/// A whole number of any length: 32 bits each, the lowest first, the highest never 0.
#[derive(Clone, Default)]
struct Whole(Vec<u32>);

impl Whole {
    fn one() -> Self {
        Self(vec![1])
    }

    fn of(number: u64) -> Self {
        let mut whole = Self::default();
        whole.times(1, (number >> 32) as u32);
        whole.times_two_to(32);
        whole.times(1, number as u32);
        whole
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The same as a double, where each double near it is a whole number.
    fn small(&self) -> Option<f64> {
        let number =
            self.0.iter().rev().fold(0.0, |number, part| number * 4294967296.0 + f64::from(*part));
        (self.bits() <= 53).then_some(number)
    }

    fn bits(&self) -> i32 {
        let unused = self.0.last().map_or(0, |part| part.leading_zeros());
        self.0.len() as i32 * 32 - unused as i32
    }

    #[inline(never)]
    fn times(&mut self, factor: u32, plus: u32) {
        let mut carry = u64::from(plus);
        for part in &mut self.0 {
            carry += u64::from(*part) * u64::from(factor);
            *part = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn times_two_to(&mut self, mut power: u32) {
        while power > 0 {
            let now = power.min(31);
            self.times(1 << now, 0);
            power -= now;
        }
    }

    fn times_ten_to(&mut self, mut power: u32) {
        while power > 0 {
            let now = power.min(9);
            self.times(10_u32.pow(now), 0);
            power -= now;
        }
    }

    /// Takes away what is not more.
    #[inline(never)]
    fn minus(&mut self, other: &Self) {
        let mut borrow = false;
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        for (part, other) in self.0.iter_mut().zip(others) {
            let (less, borrows) = part.overflowing_sub(other);
            let (less, borrows_again) = less.overflowing_sub(u32::from(borrow));
            (*part, borrow) = (less, borrows || borrows_again);
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    #[inline(never)]
    fn order(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn at_least(&self, other: &Self) -> bool {
        self.beats(other, true)
    }

    /// Whether it is more, or as much where that `wins`.
    fn beats(&self, other: &Self, wins: bool) -> bool {
        match self.order(other) {
            Ordering::Less => false,
            Ordering::Equal => wins,
            Ordering::Greater => true,
        }
    }

    /// How much is missing up to a larger number.
    fn gap(&self, larger: &Self) -> Option<Self> {
        larger.at_least(self).then(|| {
            let mut gap = larger.clone();
            gap.minus(self);
            gap
        })
    }
}

/// No point half way between two doubles has more digits: any more only say which side of it.
const DIGITS_MAX: i32 = 770;

/// More than a double has, so that what is dropped can be rounded.
const QUOTIENT_BITS: i32 = 57;

/// The smallest double is 2 to this.
const UNIT_MIN: i32 = -1074;

/// From here on doubles skip whole numbers.
const SAFE: f64 = 9007199254740992.0;
