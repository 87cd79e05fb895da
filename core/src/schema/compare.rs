//! How values compare to JSON Schema, which knows numbers and no notation of them.

use serde_json::{Number, Value};

use crate::json::Decimal;

/// Whether two values are the same to JSON Schema: `1` and `1.0` are.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Whether one number is a multiple of another, in exact decimal arithmetic: `0.3` is one of `0.1`.
pub(super) fn is_multiple(number: &Number, divisor: &Number) -> bool {
    let decimal = |number: &Number| Decimal::of(number.as_f64().unwrap_or_default());
    let (number, divisor) = (decimal(number), decimal(divisor));
    let exponent = |decimal: &Decimal| decimal.point - decimal.digits.len() as i32;
    let shift = exponent(&number) - exponent(&divisor);
    // At most 17 digits each, so a remainder times ten fits.
    let (Ok(digits), Ok(modulus)) = (number.digits.parse::<u64>(), divisor.digits.parse::<u64>())
    else {
        return number.digits.is_empty();
    };
    // The last digit is no zero, so a number of smaller places is never a multiple.
    shift >= 0 && (0..shift).fold(digits % modulus, |rest, _| rest * 10 % modulus) == 0
}
