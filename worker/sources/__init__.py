"""Sources of ion images: one module for each kind, behind `IonImageSource`."""
