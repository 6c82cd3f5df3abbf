"""Where ion images come from: one module a kind, behind `IonImageSource`."""
