"""Curves and measures made from a result, as datasets that carry where they came from."""

from __future__ import annotations

import xarray as xr

from insilico.provenance import derived_attributes, read_provenance

Labelled = xr.Dataset | xr.DataArray


def result_of(data: Labelled, source: Labelled | None) -> xr.Dataset:
    """Return what is to be saved as a dataset with provenance: that of `source`, or its own where source is None.

    Raises
    ------
    TypeError
        If data is no labelled array or dataset.
    ValueError
        If neither carries a provenance.
    """
    if not isinstance(data, Labelled):
        raise TypeError(f"{type(data).__name__} cannot be saved: an xarray.Dataset or DataArray is needed.")
    name = getattr(data, "name", None) or "derived"
    attributes = dict(data.attrs)
    if source is not None:
        read_provenance(source.attrs)
        attributes |= derived_attributes(source.attrs, f"{name} derived from this result by its user")
    if "provenance" not in attributes:
        raise ValueError(
            "no provenance: this is neither a result of insilico.record or of a protocol's run, nor does it say of "
            "which it was made. Name it: save_result(data, path, source=responses)."
        )
    read_provenance(attributes)
    if isinstance(data, xr.Dataset):
        return data.assign_attrs(attributes)
    written = {"provenance": attributes.pop("provenance")}
    dataset = data.assign_attrs().to_dataset(name=name)
    dataset[name].attrs = attributes
    return dataset.assign_attrs(title=f"{name}, derived from a result", **written)
