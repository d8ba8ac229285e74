"""A vector register as a value in compiled code: `Lanes`, 64 bytes of float32 or float64.

Loops over features are short, and a compiler that must assume that arrays overlap keeps their sums in memory. With
lanes a kernel says itself what stays in registers. Any processor runs them; narrower ones split each into several.
"""

# ruff: noqa: ARG001, ARG005 -- numba prescribes these signatures

from __future__ import annotations

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import make_array

BYTES = 64


class Lanes(types.Type):
    """Numba type of `count` numbers side by side."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        self.count = BYTES * 8 // dtype.bitwidth
        super().__init__(name=f"Lanes({dtype} x {self.count})")


def _vector(lanes: Lanes) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if lanes.dtype == types.float32 else ir.DoubleType(), lanes.count)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type) -> None:
        super().__init__(dmm, fe_type, _vector(fe_type))


def _address(context, builder, array_type, array, index):
    data = make_array(array_type)(context, builder, array).data
    vector = _vector(Lanes(array_type.dtype))
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer()), array_type.dtype.bitwidth // 8


@intrinsic
def load(typingctx, array, index):
    """Return the lanes array[index], array[index + 1], …; the array is 1-D and contiguous."""

    def codegen(context, builder, signature, args):
        address, alignment = _address(context, builder, signature.args[0], *args)
        return builder.load(address, align=alignment)

    return Lanes(array.dtype)(array, types.intp), codegen


@intrinsic
def store(typingctx, array, index, lanes):
    """Write lanes to array[index], array[index + 1], …"""

    def codegen(context, builder, signature, args):
        address, alignment = _address(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], address, align=alignment)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), codegen


@intrinsic
def spread(typingctx, number):
    """Return lanes that all hold one number."""

    def codegen(context, builder, signature, args):
        vector = _vector(signature.return_type)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), args[0], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
        return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)

    return Lanes(number)(number), codegen


@intrinsic
def plus(typingctx, a, b):
    """Return a + b, lane by lane."""
    return a(a, b), lambda context, builder, signature, args: builder.fadd(*args)


@intrinsic
def minus(typingctx, a, b):
    """Return a − b, lane by lane."""
    return a(a, b), lambda context, builder, signature, args: builder.fsub(*args)


@intrinsic
def times(typingctx, a, b):
    """Return a · b, lane by lane."""
    return a(a, b), lambda context, builder, signature, args: builder.fmul(*args)


@intrinsic
def plus_product(typingctx, a, b, c):
    """Return a + b · c, lane by lane, rounded once where the processor can."""

    def codegen(context, builder, signature, args):
        product = builder.fmul(args[1], args[2], flags=("contract",))
        return builder.fadd(args[0], product, flags=("contract",))

    return a(a, b, c), codegen


@intrinsic
def beyond(typingctx, a, limit):
    """Return a where it is larger than a limit, 0 elsewhere, lane by lane."""

    def codegen(context, builder, signature, args):
        zero = ir.Constant(_vector(signature.return_type), None)
        return builder.select(builder.fcmp_ordered(">", *args), args[0], zero)

    return a(a, limit), codegen
