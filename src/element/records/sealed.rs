//! A file that only a passphrase opens: AES-256-GCM by WebCrypto, with a key by PBKDF2.
//!
//! `{ format, version, kdf: { name, iterations, salt }, cipher: { name, iv }, check, data }`, bytes
//! in base64. All but `data` is bound to it as additional data, in canonical form. `check` tells a
//! wrong passphrase from a file that was altered: the SHA-256 of a word and the key, from which the
//! key cannot be had, and which helps nobody to guess who has the file.

use holdpoint_core::json::{Digest, Map, canonical, digest_text, put};
use holdpoint_core::object;
use js_sys::{Array, JsString, Object, Reflect, Uint8Array};
use serde_json::Value;
use wasm_bindgen::prelude::*;

use super::failure;
use super::import::{check_version, malformed};

pub(super) const FORMAT: &str = "holdpoint-sealed-run";

/// As recommended for PBKDF2 with SHA-256. A file may ask for more, but not for hours.
const ITERATIONS: u64 = 600_000;
const ITERATIONS_MAX: u64 = 10_000_000;
/// Shorter ones are tried in no time by who has the file.
const PASSPHRASE_MIN: usize = 8;
const KDF: &str = "PBKDF2-SHA-256";
const CIPHER: &str = "AES-256-GCM";

/// Seals a text.
pub(super) async fn seal(text: &str, passphrase: &str) -> Result<String, JsValue> {
    if passphrase.chars().count() < PASSPHRASE_MIN {
        return Err(failure(
            "passphrase_short",
            "the passphrase has fewer than 8 characters",
            "choose a longer one, such as four words",
        ));
    }
    let (mut salt, mut iv) = ([0; 16], [0; 12]);
    random_bytes(&mut salt);
    random_bytes(&mut iv);
    let key = Key::derive(passphrase, &salt, ITERATIONS).await?;
    let mut file = object! {
        "format": FORMAT,
        "version": 1,
        "kdf": object! { "name": KDF, "iterations": ITERATIONS, "salt": to_base64(&salt)? },
        "cipher": object! { "name": CIPHER, "iv": to_base64(&iv)? },
        "check": key.check,
    };
    let data = key.apply("encrypt", &iv, &canonical(&file), text.as_bytes()).await?;
    if let Value::Object(fields) = &mut file {
        put(fields, "data", to_base64(&data)?.into());
    }
    Ok(canonical(&file))
}

/// The text that was sealed.
pub(super) async fn open(file: Value, passphrase: &str) -> Result<String, JsValue> {
    check_version(&file)?;
    let (kdf, cipher) = (&file["kdf"], &file["cipher"]);
    let iterations = kdf["iterations"].as_u64().unwrap_or_default();
    if kdf["name"] != KDF
        || cipher["name"] != CIPHER
        || !(ITERATIONS..=ITERATIONS_MAX).contains(&iterations)
    {
        return Err(malformed("the file is sealed in a way that is not known"));
    }
    let bytes = |value: &Value| from_base64(value.as_str().unwrap_or_default());
    let (salt, iv, data) = (bytes(&kdf["salt"])?, bytes(&cipher["iv"])?, bytes(&file["data"])?);
    let check: Option<Digest> = file["check"].as_str().and_then(|check| check.parse().ok());
    let check = check.ok_or_else(|| malformed("the file is not whole"))?;
    let key = Key::derive(passphrase, &salt, iterations).await?;
    if key.check != check {
        return Err(failure(
            "passphrase_wrong",
            "the passphrase does not open this file",
            "try again; nobody can open the file without it",
        ));
    }
    let altered = || {
        failure(
            "import_altered",
            "the file was changed since it was sealed",
            "get the file from its source again",
        )
    };
    let header = canonical(&without_data(file));
    let text = key.apply("decrypt", &iv, &header, &data).await.map_err(|_| altered())?;
    String::from_utf8(text).map_err(|_| altered())
}

fn without_data(file: Value) -> Value {
    let mut header = Map::new();
    if let Value::Object(fields) = file {
        for (name, value) in fields {
            if name != "data" {
                header.insert(name, value);
            }
        }
    }
    Value::Object(header)
}

/// A key and what it is known by.
struct Key {
    key: JsValue,
    check: Digest,
}

impl Key {
    async fn derive(passphrase: &str, salt: &[u8], iterations: u64) -> Result<Self, JsValue> {
        if subtle().is_undefined() {
            return Err(failure(
                "crypto_unavailable",
                "this page has no cryptography, because it did not come over HTTPS",
                "serve the page over https, or from localhost",
            ));
        }
        // However it was typed: a letter and its accent are one character or two.
        let passphrase: String = JsString::from(passphrase).normalize("NFC").into();
        let pass = Uint8Array::from(passphrase.as_bytes());
        let from =
            import_key("raw", &pass, &"PBKDF2".into(), false, &words(&["deriveBits"])).await?;
        let by = Object::new();
        let set = |name: &str, value: JsValue| Reflect::set(&by, &name.into(), &value);
        set("name", "PBKDF2".into())?;
        set("hash", "SHA-256".into())?;
        set("salt", Uint8Array::from(salt).into())?;
        set("iterations", (iterations as f64).into())?;
        let bits = Uint8Array::new(&derive_bits(&by, &from, 256).await?);
        let check = ["holdpoint-sealed-v1|", &to_base64(&bits.to_vec())?].concat();
        let usages = words(&["encrypt", "decrypt"]);
        let key = import_key("raw", &bits, &"AES-GCM".into(), false, &usages).await?;
        Ok(Self { key, check: digest_text(&check) })
    }

    /// Encrypts or decrypts.
    async fn apply(
        &self,
        how: &str,
        iv: &[u8],
        header: &str,
        data: &[u8],
    ) -> Result<Vec<u8>, JsValue> {
        let by = Object::new();
        let set = |name: &str, value: JsValue| Reflect::set(&by, &name.into(), &value);
        set("name", "AES-GCM".into())?;
        set("iv", Uint8Array::from(iv).into())?;
        set("additionalData", Uint8Array::from(header.as_bytes()).into())?;
        let data = Uint8Array::from(data);
        let done = match how {
            "encrypt" => encrypt(&by, &self.key, &data).await?,
            _ => decrypt(&by, &self.key, &data).await?,
        };
        Ok(Uint8Array::new(&done).to_vec())
    }
}

fn words(words: &[&str]) -> JsValue {
    words.iter().map(|word| JsValue::from(*word)).collect::<Array>().into()
}

fn to_base64(bytes: &[u8]) -> Result<String, JsValue> {
    btoa(&bytes.iter().map(|byte| char::from(*byte)).collect::<String>())
}

fn from_base64(text: &str) -> Result<Vec<u8>, JsValue> {
    let bytes = atob(text).map_err(|_| malformed("the file is not whole"))?;
    // Each character is one byte.
    Ok(bytes.chars().map(|byte| byte as u8).collect())
}

fn subtle() -> JsValue {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into()).unwrap_or_default();
    Reflect::get(&crypto, &"subtle".into()).unwrap_or_default()
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn btoa(bytes: &str) -> Result<String, JsValue>;

    #[wasm_bindgen(catch)]
    fn atob(text: &str) -> Result<String, JsValue>;

    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn random_bytes(bytes: &mut [u8]);

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    async fn import_key(
        format: &str,
        data: &Uint8Array,
        algorithm: &JsValue,
        extractable: bool,
        usages: &JsValue,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = deriveBits)]
    async fn derive_bits(by: &JsValue, key: &JsValue, length: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    async fn encrypt(by: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    async fn decrypt(by: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<JsValue, JsValue>;
}
