//! `cargo xtask gallery`: a picture of each state in each look that matters, and a page that shows
//! them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::browser::Engine;
use holdpoint_e2e::look::{DARK, FORCED, LIGHT, Look, NARROW, RTL};
use holdpoint_e2e::scene::{SCENES, Scene};
use holdpoint_e2e::stage::Stage;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let directory = PathBuf::from(args.next().context("expected the directory of the gallery")?);
    let wanted: Vec<String> = args.collect();
    if wanted.is_empty() {
        // A state that is gone has no picture.
        match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => std::fs::create_dir_all(&directory)?,
        }
    }
    let stage = Stage::set(Engine::Chromium, Duration::ZERO).await?;
    let is_wanted = |scene: &&Scene| wanted.is_empty() || wanted.iter().any(|it| *it == scene.name);
    for scene in SCENES.iter().filter(is_wanted) {
        let agent = scene.reach(&stage).await?;
        for look in looks(scene) {
            look.put_on(&agent).await?;
            let picture = picture(&agent).await.with_context(|| file(scene, *look))?;
            std::fs::write(directory.join(file(scene, *look)), picture)?;
        }
    }
    write_page(&directory)
}

fn looks(scene: &Scene) -> &'static [Look] {
    // Colours of the reader's own matter most where something is decided.
    if scene.name.starts_with("held") { &WITH_FORCED } else { &WITH_FORCED[..COLUMNS] }
}

fn file(scene: &Scene, look: Look) -> String {
    format!("{}-{}.webp", scene.name, look.name)
}

/// The page below its heading, as the browser itself compresses it.
async fn picture(agent: &Agent) -> Result<Vec<u8>> {
    let clip = agent.tab.run(CLIP, vec![]).await?;
    let form = json!({ "format": "webp", "quality": QUALITY, "clip": clip });
    let taken = agent.tab.devtools("Page.captureScreenshot", form).await?;
    let data = taken["data"].as_str().context("the browser gave no picture")?;
    BASE64_STANDARD.decode(data).context("the picture is not in Base64")
}

fn write_page(directory: &Path) -> Result<()> {
    let mut page = String::from(HEAD);
    for scene in SCENES {
        write!(page, "\n## {}\n\n{}.\n\n", scene.name, scene.shows)?;
        for look in looks(scene) {
            let (file, name) = (file(scene, *look), look.name);
            writeln!(
                page,
                "<img src=\"{file}\" width=\"{SHOWN}\" alt=\"{}, {name}\">",
                scene.shows
            )?;
        }
    }
    Ok(std::fs::write(directory.join("README.md"), page)?)
}

const WITH_FORCED: [Look; COLUMNS + 1] = [LIGHT, DARK, NARROW, RTL, FORCED];
const COLUMNS: usize = 4;

const QUALITY: u32 = 70;

/// How wide a picture is on the page, in pixels.
const SHOWN: u32 = 210;

const HEAD: &str = "\
# Every state, as it looks

Made by `cargo xtask gallery` from the list in `tests/e2e/src/scene/list.rs`, in Chromium: light, dark, 320
pixels wide, from right to left, and for cards in the colours of the reader's choice. The same states
go through axe-core in `cargo xtask test e2e`.
";

const CLIP: &str = "
    const top = document.querySelector('main').getBoundingClientRect().bottom;
    return { x: 0, y: top, width: innerWidth, height: innerHeight - top, scale: 1 };";
