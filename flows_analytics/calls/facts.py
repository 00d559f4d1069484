"""Facts: what is stored of a call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flows_analytics.calls.agent import Agent
from flows_analytics.calls.declared import DeclaredGraph
from flows_analytics.calls.ending import Status
from flows_analytics.calls.events import Events
from flows_analytics.calls.health import Health
from flows_analytics.calls.schema import SCHEMA_VERSION
from flows_analytics.calls.service_cost import ServiceCost
from flows_analytics.calls.sound import Recording
from flows_analytics.calls.telephony import Telephony
from flows_analytics.calls.values import Plain, Text


class Facts(BaseModel):
    """What is stored of one call: who, when, how it ended, and the moments in between.

    Attributes:
        schema_version: Version of this shape.
        call_id: Identifier of the call, any text.
        call_type: Kind of call, such as ``web_call`` or ``phone_call``.
        status: ``started`` (still running, or its process died), ``completed``, ``cancelled`` or ``error``.
        end_reason: The reason given for the end; None if none was.
        disconnection_reason: What the ``disconnection_reason_resolver`` said; None if there was none, or it said
            nothing. `disconnection` weighs it against everything else.
        started_at: When the pipeline clock started, UTC.
        ended_at: When the call ended, UTC; None while it runs.
        agent: The bot.
        goals: Nodes that mean success.
        metadata: Whatever the bot attached.
        pipecat: Version of Pipecat the record was made on; None if not made by Pipecat.
        flows: The Flows in use, such as ``pipecat.flows`` or ``pipecat_flows 1.4.0``; None without a flow.
        declared: The declared graph of each flow that has one.
        cost: What the bot's ``cost_calculator`` says the call cost, in its unit; None without one, if it failed,
            or before the end.
        service_costs: What it cost by service and model, in the order of ``usage.services``; left out of the JSON
            where the calculator's answers for each alone do not add up to ``cost``.
        health: What the recording lost, and why.
        recording: Where the call can be heard; None if nowhere.
        telephony: Which call of the carrier's it was; left out of the JSON if nothing of it was told.
        events: The moments, in the order of recording.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = SCHEMA_VERSION
    call_id: Text
    call_type: Text = "web_call"
    status: Status = "started"
    end_reason: Text | None = None
    disconnection_reason: Text | None = None
    started_at: datetime
    ended_at: datetime | None = None
    agent: Agent = Agent()
    goals: tuple[Text, ...] = ()
    metadata: Plain = Field(default_factory=dict[str, Any])
    pipecat: Text | None = None
    flows: Text | None = None
    declared: dict[Text, DeclaredGraph] = Field(default_factory=dict[str, DeclaredGraph])
    cost: float | None = None
    service_costs: tuple[ServiceCost, ...] = ()
    health: Health = Health()
    recording: Recording | None = None
    telephony: Telephony | None = None
    events: Events = ()
