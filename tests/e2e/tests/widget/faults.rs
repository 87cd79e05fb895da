//! What goes wrong around the widget: a clear message with a code, nothing lost, still usable.

use anyhow::{Result, ensure};
use holdpoint_e2e::agent::Agent;
use holdpoint_e2e::lab::Answer;
use holdpoint_e2e::stage::play;
use holdpoint_e2e::until_true;

#[tokio::test]
async fn stream_that_breaks_in_the_middle_of_a_call_runs_nothing() -> Result<()> {
    nothing_runs_after(Answer::BrokenAfter(MIDDLE_OF_CALL)).await
}

#[tokio::test]
async fn stream_that_ends_in_the_middle_of_a_call_runs_nothing() -> Result<()> {
    nothing_runs_after(Answer::EndedAfter(MIDDLE_OF_CALL)).await
}

#[tokio::test]
async fn stream_that_ends_behind_a_whole_call_runs_nothing() -> Result<()> {
    nothing_runs_after(Answer::EndedAfter("response.output_item.done")).await
}

#[tokio::test]
async fn refused_key_is_told() -> Result<()> {
    model_fails_with(Answer::Status(401), "unauthorized").await
}

#[tokio::test]
async fn model_that_is_busy_is_asked_again_by_itself() -> Result<()> {
    is_asked_again_after(Answer::Status(429)).await
}

#[tokio::test]
async fn upstream_that_fails_is_asked_again_by_itself() -> Result<()> {
    is_asked_again_after(Answer::Status(500)).await
}

#[tokio::test]
async fn refused_question_can_be_asked_again() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        stage.server.lab.answer([Answer::Status(400)]);
        let agent = stage.lab("").await?;
        agent.say("Hello").await?;
        agent.shows("The model gave no answer").await?;
        agent.press("Try again").await?;
        agent.shows("I am the bank agent").await
    })
    .await
}

#[tokio::test]
async fn page_instead_of_events_is_told() -> Result<()> {
    model_fails_with(Answer::Html, "not_event_stream").await
}

#[tokio::test]
async fn wrong_endpoint_is_told() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("endpoint=/nowhere").await?;
        agent.say("Hello").await?;
        agent.shows("The model gave no answer").await?;
        error_is(&agent, "endpoint_wrong").await
    })
    .await
}

#[tokio::test]
async fn server_that_is_gone_before_the_first_question_is_told_and_the_question_kept() -> Result<()>
{
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("").await?;
        stage.server.stop().await?;
        agent.say("Hello").await?;
        error_is(&agent, "load_failed").await?;
        agent.shows("could not be loaded").await?;
        stage.server.start_again().await?;
        agent.shows("I am the bank agent").await
    })
    .await
}

#[tokio::test]
async fn server_that_is_gone_is_told_and_the_question_kept() -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        let agent = stage.lab("").await?;
        agent.say("Hello").await?;
        agent.shows("I am the bank agent").await?;
        stage.server.stop().await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.shows("The model gave no answer").await?;
        agent.shows("Trying again in").await?;
        stage.server.start_again().await?;
        agent.card().await.map(drop)
    })
    .await
}

#[tokio::test]
async fn malformed_tool_is_told_and_the_others_work() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("tools=malformed").await?;
        error_is(&agent, "tool_malformed").await?;
        transfer_works(&agent).await
    })
    .await
}

#[tokio::test]
async fn second_tool_of_a_name_is_told_and_the_first_works() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("tools=twice").await?;
        error_is(&agent, "tool_duplicate").await?;
        transfer_works(&agent).await
    })
    .await
}

#[tokio::test]
async fn unknown_attribute_value_is_told_and_the_default_used() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("mode=sideways").await?;
        error_is(&agent, "attribute_unknown").await?;
        transfer_works(&agent).await
    })
    .await
}

#[tokio::test]
async fn refused_storage_is_told_and_memory_used() -> Result<()> {
    play(async |stage| {
        let agent = stage.lab("storage=refused").await?;
        error_is(&agent, "storage_refused").await?;
        transfer_works(&agent).await
    })
    .await
}

async fn nothing_runs_after(answer: Answer) -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        // As often as it is asked by itself.
        stage.server.lab.answer(vec![answer; 5]);
        let agent = stage.lab("").await?;
        agent.say("Transfer 500 to Alice").await?;
        agent.shows("The model gave no answer").await?;
        error_is(&agent, "stream_interrupted").await?;
        agent.has_no_card().await?;
        agent.press("Try again").await?;
        agent.approve().await?;
        agent.shows("Done: ").await?;
        ensure!(stage.server.lab.effects().len() == 1);
        Ok(())
    })
    .await
}

async fn is_asked_again_after(answer: Answer) -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        stage.server.lab.answer([answer]);
        let agent = stage.lab("").await?;
        agent.say("Hello").await?;
        agent.shows("Trying again in").await?;
        agent.shows("I am the bank agent").await
    })
    .await
}

async fn model_fails_with(answer: Answer, code: &str) -> Result<()> {
    play(async |stage| {
        stage.allow_complaints();
        stage.server.lab.answer([answer]);
        let agent = stage.lab("").await?;
        agent.say("Hello").await?;
        agent.shows("The model gave no answer").await?;
        error_is(&agent, code).await?;
        transfer_works(&agent).await
    })
    .await
}

/// Waits until the page was told of an error by this code, with what to do about it.
async fn error_is(agent: &Agent, code: &str) -> Result<()> {
    until_true(&format!("an error `{code}` is told"), async || {
        let errors = agent.tab.run("return errors", vec![]).await?;
        let told = errors.as_array().into_iter().flatten().any(|error| {
            let says = |field: &str| error[field].as_str().is_some_and(|text| !text.is_empty());
            error["code"] == code && says("message") && says("fix")
        });
        ensure!(told, "the page was told: {errors}");
        Ok(true)
    })
    .await
}

async fn transfer_works(agent: &Agent) -> Result<()> {
    agent.say("Transfer 7 to Bob").await?;
    agent.approve().await?;
    agent.shows("Done: 7 to Bob").await
}

const MIDDLE_OF_CALL: &str = "response.function_call_arguments.delta";
