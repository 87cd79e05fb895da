//! What is made visible, held to what the browser knows of Unicode.

use holdpoint_core::escape::visible_text;
use js_sys::RegExp;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn character_that_does_not_show_itself_is_an_escape() {
    let hidden = RegExp::new(
        r"^[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}]$",
        "u",
    );
    let plain: Vec<String> = (0..=0x10ffff)
        .filter_map(char::from_u32)
        .filter(|it| *it != ' ' && hidden.test(it.encode_utf8(&mut [0; 4])))
        .map(|it| ["a", it.encode_utf8(&mut [0; 4]), "b"].concat())
        .filter(|text| visible_text(text) == *text)
        .collect();
    assert!(plain.is_empty(), "{plain:?}");
}
