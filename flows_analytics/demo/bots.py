"""The packaged bots, by the names of `flows_analytics.demo.calls.BOTS`."""

from flows_analytics.demo.bot import DemoBot
from flows_analytics.demo.food_ordering import callers as food
from flows_analytics.demo.food_ordering.bot import food_ordering_flow
from flows_analytics.demo.patient_intake import callers as intake
from flows_analytics.demo.patient_intake.bot import patient_intake_flow
from flows_analytics.demo.reservation import callers as reservation
from flows_analytics.demo.reservation.bot import reservation_flow

DEMO_BOTS = {
    "food-ordering": DemoBot(
        name="Luna Kitchen, food ordering",
        goals=("end",),
        flow=food_ordering_flow,
        scenes=food.food_ordering_scenes,
        leaving=food.LEAVING,
    ),
    "reservation": DemoBot(
        name="La Maison, reservations",
        goals=("booked",),
        flow=reservation_flow,
        scenes=reservation.reservation_scenes,
        leaving=reservation.LEAVING,
    ),
    "patient-intake": DemoBot(
        name="Elm Street Clinic, patient intake",
        goals=("end",),
        flow=patient_intake_flow,
        scenes=intake.patient_intake_scenes,
        leaving=intake.LEAVING,
    ),
}
