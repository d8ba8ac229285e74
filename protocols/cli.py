"""The command line: `insilico list | run | fit | influence | compare | demo | cite`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from insilico.comparison import ceiling_text
from insilico.experiment import Acts
from insilico.model import SheetModel
from insilico.provenance import DISTRIBUTION
from insilico.reference_data import list_references, load_reference
from insilico.zoo import circuit_named, list_models, parameter_sets
from protocols.base import AbstractProtocol
from protocols.commands import assembled, run_demo, run_once, run_under, write_run, write_runs
from protocols.fit_options import add_options, common_of, problem_of, refuse_table_with_fit
from protocols.folder import CONTENTS, check_writable
from protocols.light import surround_under_light
from protocols.perturbation_file import read_perturbations
from protocols.program import as_a_program
from protocols.registry import PUBLISHED, list_protocols, protocol_named
from protocols.result_files import load_run
from protocols.settings import pairs
from protocols.summary import convergence_line, finding_line, score_line
from stimuli.errors import unknown_name

EPILOG = """examples:
  insilico list
  insilico run busse2009 --model mely2018 --out results/busse
  insilico run trott_born2015_plaid --model mely2018 --lesion T --out results/plaid_without_T
  insilico run size_tuning --model mely2018 --set alpha=2 --set preparation.tuning_width=1.2 --out results/size
  insilico run busse2009 --model mely2018 --set encoder=energy --out results/busse_from_pixels
  insilico run size_tuning --model mely2018 --perturbations light.yaml --out results/size_under_light
  insilico compare results/busse results/plaid_without_T
"""
RUN_HELP = """Run one experiment on one model and write result.nc (netCDF), figure.png, report.html and summary.json.

--set takes what belongs to the circuit (alpha=2), to its sheet and encoder (preparation.tuning_width=1.2,
preparation.pitch=0.125, encoder=energy) or to the experiment (spatial_frequency=4, phase=90, geometry=discs).
A result that has not converged exits with 0 and says so in every file that it writes."""
FIT_HELP = """Fit parameters of the contextual circuit to tables, from many starts, and write result.nc, figure.png,
report.html, summary.json and parameters.toml. Finished starts are kept beside DIR: the same command goes on from there.

--free takes NAME (shared by all tables), NAME@PREPARATIONS (for those whose name begins so, several joined by +), and
bounds of one's own, NAME=LOW:HIGH. The tuning width of a preparation can be free; stimulus geometry cannot.
--set fixes a parameter that is not free. Without --free, the smallest circuit that meets the tables is fitted.

With --table, nothing is fitted: sets.md, sets.json and sets.png hold one table of sets, from the files of earlier runs;
what no file holds is computed first."""
EVOLVED = 3000  # evaluations of CMA-ES
OUT_HELP = "folder for the result, new or earlier; of two runs into one folder the later to end stays"
SHOWN = 8  # findings printed on the terminal; all are in the files


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status.

    0: done. 1: a fault of the program. 2: what was asked for cannot be done. 128 + n: stopped by signal n.
    """
    options = _parser().parse_args(arguments)
    options.words = ["insilico", *(sys.argv[1:] if arguments is None else arguments)]
    with as_a_program(kept=_kept(options)) as outcome:
        outcome.status = options.command(options)
    return outcome.status


def _kept(options: argparse.Namespace) -> str:
    """Return what an interrupted command leaves that the same command goes on from."""
    if options.command is not _fit:
        return ""
    if options.table is not None:
        return f"finished results are in {_results(options)}, the same command goes on from there"
    return f"finished starts are in {_ledger(options.out)}, the same command goes on from there"


def _ledger(out: Path) -> Path:
    """Return where the finished starts of a fit are kept."""
    return out.parent / f"{out.name}.starts"


def _results(options: argparse.Namespace) -> Path:
    """Return where the finished results of a table of sets are kept."""
    return options.results or options.out / "results"


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="insilico",
        description="Virtual experiments on circuit models of visual cortex, beside published data.",
        epilog=EPILOG,
        formatter_class=raw,
    )
    parser.add_argument("--version", action="version", version=f"{DISTRIBUTION} {metadata.version(DISTRIBUTION)}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="experiments, models and data sets, each in one line")
    listing.set_defaults(command=_list)

    run = commands.add_parser("run", help="one experiment on one model", description=RUN_HELP, formatter_class=raw)
    run.add_argument("protocol", metavar="PROTOCOL", help="name of the experiment, see insilico list")
    run.add_argument("--model", metavar="M", required=True, help="name of the model")
    run.add_argument("--out", metavar="DIR", type=Path, required=True, help=OUT_HELP)
    run.add_argument("--parameters", metavar="SET", help="parameter set of the model, or parameters.toml of a fit")
    run.add_argument("--lesion", metavar="NAME", nargs="+", action="extend", default=[], help="mechanisms to remove")
    run.add_argument("--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], dest="settings")
    run.add_argument(
        "--perturbations", metavar="FILE", help="YAML file of perturbations, or 'surround': the surround under light"
    )
    run.add_argument("--seed", metavar="N", type=_seed, default=0, help="of the bootstrap (default 0)")
    run.set_defaults(command=_run)

    fit = commands.add_parser(
        "fit", help="parameters of a circuit from tables", description=FIT_HELP, formatter_class=raw
    )
    fit.add_argument("--out", metavar="DIR", type=Path, required=True, help=OUT_HELP)
    add_options(fit)
    fit.add_argument("--seed", metavar="N", type=_seed, default=0)
    fit.set_defaults(command=_fit)

    influence = commands.add_parser(
        "influence", help="circuits x tests of Chettih & Harvey 2019, at several um per cell"
    )
    influence.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the result")
    influence.add_argument("--set", metavar="KEY=VALUE", nargs="+", action="extend", default=[], dest="settings")
    influence.add_argument("--scales", metavar="UM", type=float, nargs="+", help="um per cell (default 12.5 to 30)")
    influence.add_argument(
        "--plan", metavar="CIRCUIT", nargs="*", help="plan an experiment: power for these rows (quoted) of the table"
    )
    influence.add_argument(
        "--calibrate",
        metavar="CIRCUIT",
        nargs="?",
        const="mely2018 without U",
        help="errors and power of the tests, simulated on this row of the table (%(const)s)",
    )
    influence.add_argument("--simulations", metavar="N", type=int, default=1000, help="for --calibrate (default 1000)")
    influence.add_argument("--seed", metavar="N", type=_seed, default=0, help="of --calibrate")
    influence.add_argument("--processes", metavar="N", type=int, default=1, help="for --calibrate")
    influence.set_defaults(command=_influence)

    compare = commands.add_parser("compare", help="finished runs side by side")
    compare.add_argument("folders", metavar="DIR", nargs="+", type=Path)
    compare.set_defaults(command=_compare)

    demo = commands.add_parser("demo", help="three published experiments on all models, and without the far surround")
    demo.add_argument("--out", metavar="DIR", type=Path, default=Path("results/demo"))
    demo.add_argument("--seed", metavar="N", type=_seed, default=0)
    demo.set_defaults(command=_demo)

    cite = commands.add_parser("cite", help="what to cite for an experiment, a model or a data set")
    cite.add_argument("names", metavar="NAME", nargs="*")
    cite.set_defaults(command=_cite)
    return parser


def _list(_: argparse.Namespace) -> int:
    print("experiments")
    for name in list_protocols():
        print(f"  {name:24s} {protocol_named(name).title}")
    print("models")
    for name in list_models():
        circuit = circuit_named(name)
        lesions = f"   lesions: {', '.join(circuit.lesions)}" if circuit.lesions else ""
        print(f"  {name:24s} {circuit.summary}{lesions}")
        sets = [f"{key} (used by default)" if key == circuit.default_set else key for key in parameter_sets(name)]
        if len(sets) > 1:
            print(f"  {'':24s} parameter sets: {', '.join(sets)}")
    print("data sets")
    for name in list_references():
        print(f"  {name:24s} {load_reference(name).card['title']}")
    return 0


def _run(options: argparse.Namespace) -> int:
    protocol, model = assembled(
        options.protocol,
        options.model,
        parameters=options.parameters,
        lesions=options.lesion,
        settings=pairs(options.settings),
    )
    check_writable(options.out)
    if options.perturbations is not None:
        return _run_under(protocol, model, options)
    run = run_once(protocol, model, seed=options.seed, progress=True)
    write_run(run, options.out)
    line = convergence_line(run.responses)
    print(line, file=sys.stderr if line.startswith("warning") else sys.stdout)
    if run.comparison is not None:
        print(score_line(run.comparison.score()))
    for finding in run.findings[:SHOWN]:
        print(finding_line(finding))
    if len(run.findings) > SHOWN:
        print(f"  … and {len(run.findings) - SHOWN} more measures in summary.json")
    print(f"wrote {options.out}/{{{', '.join(CONTENTS)}}}")
    return 0


def _run_under(protocol: AbstractProtocol, model: SheetModel, options: argparse.Namespace) -> int:
    if options.perturbations == "surround":
        subject = model if protocol.preparation is None else model.prepared(protocol.preparation)
        perturbations: Mapping[str, Acts] = surround_under_light(subject)
    else:
        perturbations = read_perturbations(Path(options.perturbations))
    responses, runs = run_under(protocol, model, perturbations, seed=options.seed, progress=True)
    write_runs(responses, runs, options.out)
    for run in runs:
        line = convergence_line(run.responses)
        print(f"{run.responses['perturbation'].item()}: {line}")
        if run.comparison is not None:
            print(f"  {score_line(run.comparison.score())}")
        else:
            for finding in run.findings[:SHOWN]:
                print(finding_line(finding))
    print(f"wrote {options.out}/{{{', '.join(CONTENTS)}}}")
    return 0


def _fit(options: argparse.Namespace) -> int:
    from insilico.fitting import FitResult, fit, fit_variations, leave_out_parts, leave_out_table, run_starts
    from protocols import fit_checks
    from protocols import fit_command as fitting

    refuse_table_with_fit(options)
    if options.table is not None:
        return _table_of_sets(options)
    check_writable(options.out, extra=("parameters.toml",))
    chosen = problem_of(options)
    checks = fit_checks.checks_named(options.checks)
    around = fitting.start_values(chosen, options.model, options.start_from) if options.start_from else None
    ledger = _ledger(options.out)
    common = common_of(options, ledger)
    result = fit(chosen, starts=options.starts, around=around, **common)
    left_out = []
    for what in options.leave_out:
        if what == "fifths":
            left_out += leave_out_parts(chosen, n_starts=options.starts, **common)
        else:
            left_out.append(leave_out_table(chosen, what, n_starts=options.starts, **common))
    outcomes = [
        outcome
        for check in checks
        for outcome in fit_variations(check(result), n_starts=options.check_starts, **common)
    ]
    second = None
    if options.second_opinion:
        evolved = run_starts(chosen, n_starts=1, method="cma", max_evaluations=EVOLVED, around=around, **common)
        second = FitResult(chosen, tuple(evolved))
    runs = fitting.write_fit(
        result,
        left_out,
        outcomes,
        model=options.model,
        command=shlex.join(options.words),
        seed=options.seed,
        out=options.out,
        second=second,
    )
    print("\n\n".join(fitting.as_text(result, left_out, outcomes, second)))
    for run in runs:
        if run.comparison is not None:
            print(score_line(run.comparison.score()))
    print(f"wrote {options.out}/{{{', '.join((*CONTENTS, 'parameters.toml'))}}}; finished starts are in {ledger}")
    return 0


def _table_of_sets(options: argparse.Namespace) -> int:
    from protocols.set_kinds import QUICK, Effort
    from protocols.set_table import found_for, rows_of, write_table

    names = options.table or [name for name, one in parameter_sets(options.model).items() if one.n_fitted]
    folder = _results(options)
    effort = Effort(starts=options.starts, processes=options.processes, folder=folder / "starts")
    found = found_for(options.model, names, options.kinds or QUICK, folder=folder, effort=effort)
    print(write_table(rows_of(options.model, found), command=shlex.join(options.words), out=options.out))
    print(f"wrote {options.out}/{{sets.md, sets.json, sets.png}}")
    return 0


def _influence(options: argparse.Namespace) -> int:
    from protocols import influence_plan
    from protocols.chettih_harvey import ChettihHarvey

    settings = pairs(options.settings)
    if options.plan is not None and options.calibrate is not None:
        raise ValueError("--plan and --calibrate: give one of the two.")
    if options.scales and (options.plan is not None or options.calibrate is not None):
        raise ValueError("--scales belongs to the table of circuits; for --plan and --calibrate: --set um_per_cell=…")
    for name in ("simulations", "processes"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} {getattr(options, name)}: must be 1 or more.")
    if options.plan is not None or options.calibrate is not None:
        settings = {"r": influence_plan.STRONG_DRIVE, **settings}
    experiment = ChettihHarvey().with_settings(**settings)
    assert isinstance(experiment, ChettihHarvey)
    check_writable(options.out)
    command = shlex.join(["insilico", "influence", *sys.argv[2:]])
    if options.plan is not None:
        labels = options.plan or influence_plan.DEFAULT
        text = influence_plan.write_plan(experiment, labels, command=command, out=options.out)
    elif options.calibrate is not None:
        from protocols import influence_calibration

        text = influence_calibration.write_calibration(
            experiment,
            options.calibrate,
            n=options.simulations,
            seed=options.seed,
            processes=options.processes,
            command=command,
            out=options.out,
        )
    else:
        from protocols import circuit_table

        rows, kept = circuit_table.table_of(experiment, scales=options.scales or circuit_table.SCALES)
        circuit_table.write_table(rows, kept, experiment, command=command, out=options.out)
        text = circuit_table.as_text(rows, experiment.um_per_cell)
    print(text)
    print(f"wrote {options.out}/{{{', '.join(CONTENTS)}}}")
    return 0


def _compare(options: argparse.Namespace) -> int:
    for folder, content in [(folder, load_run(folder)) for folder in options.folders]:
        state = "" if content["converged"] else "   NOT CONVERGED"
        print(f"{folder}   {content['protocol']} · {content['model']}{state}")
        for score in content["scores"]:
            whose = score.get("model", score.get("perturbation", ""))
            print(f"  {whose}{'  ' if whose else ''}{score_line(score)}")
        if not content["scores"]:
            for finding in content["findings"]:
                unit = "" if finding["unit"] == "1" else f" {finding['unit']}"
                value = "undefined" if finding["value"] is None else f"{finding['value']:.3g}"
                print(f"  {finding['name']}  {value}{unit}")
    return 0


def _demo(options: argparse.Namespace) -> int:
    comparisons = run_demo(
        options.out,
        seed=options.seed,
        progress=sys.stderr.isatty(),
        say=lambda text: print(f"  {text}", file=sys.stderr),
    )
    print()
    print(f"{'table':24s}{'model':24s}{'R²':>6s}   {'95 %':12s}  {'ceiling':8s} {'free':5s} nulls")
    for c in comparisons:
        nulls = ", ".join(f"{n.replace('_', ' ')} {v:.3f}{'*' if v > c.r2 else ''}" for n, v in c.nulls.items())
        state = "" if c.converged else "  NOT CONVERGED"
        interval = f"{c.low:.2f} – {c.high:.2f}"
        score = f"{c.r2:6.3f}   {interval:12s}  {ceiling_text(c.reference.ceiling):<8} {c.n_free:<5d}"
        print(f"{c.protocol:24s}{c.model:24s}{score} {nulls}{state}")
    for legend in dict.fromkeys(c.scale.legend for c in comparisons):
        print(legend)
    print("* a null above the model")
    print(f"wrote {options.out}/{{{', '.join(CONTENTS)}}}")
    return 0


def _cite(options: argparse.Namespace) -> int:
    protocols, models, tables = list_protocols(), list_models(), list_references()
    for name in options.names or [*PUBLISHED, *models[1:]]:
        if name in protocols:
            print(f"{name}: {protocol_named(name).cite()}")
        elif name in models:
            print(f"{name}: {circuit_named(name).citation}")
        elif name in tables:
            print(f"{name}: {load_reference(name).cite()}")
        else:
            raise unknown_name("experiment, model or data set", name, {*protocols, *models, *tables})
    return 0


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number, 0 or more.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
