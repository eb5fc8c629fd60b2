//! What triggers a function: decorators, and the types of parameters.

use nbfix_python::ast::{Decorator, Expr, StmtFunctionDef};
use nbfix_python::{range, string_value};
use nbfix_semantic::BindingKind;

use super::reads::without_call;
use super::{File, Step};

/// Whether a decorator of this name gives a function its trigger.
pub(crate) fn is_trigger(member: &str) -> bool {
    matches!(
        member,
        "route" | "schedule" | "cosmos_db_trigger_v3" | "mcp_tool"
    ) || member.ends_with("_trigger")
}

/// Whether a decorator is `@app.route(...)` or the like, whatever stands before the last dot.
pub(crate) fn is_trigger_decorator(decorator: &Decorator) -> bool {
    let Expr::Attribute(attribute) = without_call(&decorator.expression) else {
        return false;
    };
    is_trigger(attribute.attr.as_str())
}

/// The kinds of trigger, by the type of the parameter that takes what triggers.
const TRIGGER_TYPES: &[(&str, &str)] = &[
    ("azure.functions.HttpRequest", "route"),
    ("azure.functions.TimerRequest", "timer_trigger"),
    ("azure.functions.QueueMessage", "queue_trigger"),
    (
        "azure.functions.ServiceBusMessage",
        "service_bus_queue_trigger",
    ),
    ("azure.functions.EventHubEvent", "event_hub_message_trigger"),
    ("azure.functions.EventGridEvent", "event_grid_trigger"),
    ("azure.functions.InputStream", "blob_trigger"),
    ("azure.functions.KafkaEvent", "kafka_trigger"),
    ("azure.functions.DocumentList", "cosmos_db_trigger"),
    (
        "azure.durable_functions.DurableOrchestrationContext",
        "orchestration_trigger",
    ),
    (
        "azure.durable_functions.DurableEntityContext",
        "entity_trigger",
    ),
];

/// A parameter that takes what triggers its function.
pub(crate) struct Trigger<'a> {
    /// The parameter's name.
    pub(crate) parameter: &'a str,
    /// The decorator that its type asks for.
    pub(crate) decorator: &'static str,
}

impl Trigger<'_> {
    /// Whether the Durable Functions extension calls the function.
    pub(crate) fn is_durable(&self) -> bool {
        matches!(self.decorator, "orchestration_trigger" | "entity_trigger")
    }
}

/// The first parameter of a trigger type, written as a name, as a string, or as a list of either.
pub(crate) fn trigger_of<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    function: &'a StmtFunctionDef,
) -> Option<Trigger<'a>> {
    function.parameters.iter().find_map(|parameter| {
        let path = annotation_path(file, step, parameter.annotation()?)?;
        let (_, decorator) = TRIGGER_TYPES.iter().find(|(known, _)| *known == path)?;
        Some(Trigger {
            parameter: parameter.name().as_str(),
            decorator,
        })
    })
}

/// The dotted path that an annotation means; for `List[func.EventHubEvent]` that of the element.
pub(crate) fn annotation_path<'a>(
    file: &File<'_, 'a>,
    step: &Step<'_, 'a>,
    annotation: &'a Expr,
) -> Option<String> {
    if let Expr::Subscript(subscript) = annotation {
        let list = file.semantic.qualified(step.unit, &*subscript.value)?;
        let list = matches!(
            list.as_str(),
            "list" | "typing.List" | "typing.Sequence" | "collections.abc.Sequence"
        );
        return annotation_path(file, step, &subscript.slice).filter(|_| list);
    }
    let Some(text) = string_value(annotation) else {
        return file.semantic.qualified(step.unit, annotation);
    };
    let (root, rest) = text
        .split_once('.')
        .map_or((text, ""), |(root, rest)| (root, rest));
    let binding = file
        .semantic
        .binding(step.unit, root, range(annotation).start())?;
    match &binding.kind {
        BindingKind::Import(path) if rest.is_empty() => Some(path.clone()),
        BindingKind::Import(path) => Some(format!("{path}.{rest}")),
        _ => None,
    }
}
