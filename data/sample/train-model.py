#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the sample model from scratch and writes it in f16.

    train-model.py CORPUSDIR [--steps N] [--outdir DIR]

reads CORPUSDIR/train.txt (documents divided by form feeds) and the tokenizer
beside this script.  Each document stands between the begin and the end mark;
the documents are packed one after another and cut into windows.  With
--steps 0 it only measures the speed.
"""
import argparse
import json
import math
import os
import tempfile
import time

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

here = os.path.dirname(os.path.abspath(__file__))


def token_ids(corpus, tok):
    cache = os.path.join(corpus, "train.ids.npy")
    source = os.path.join(corpus, "train.txt")
    if os.path.exists(cache) and os.path.getmtime(cache) > os.path.getmtime(source):
        return np.load(cache)
    with open(source, encoding="utf-8", newline="") as f:
        documents = [d for d in f.read().split("\f") if d]
    eos = tok.token_to_id("<|end|>")
    out = []
    for i in range(0, len(documents), 4096):
        for e in tok.encode_batch(documents[i:i + 4096]):
            out.append(np.array(e.ids + [eos], dtype=np.uint16))
    ids = np.concatenate(out)
    np.save(cache, ids)
    return ids


class Muon:
    """Momentum whose step for each matrix is made nearly orthogonal by a Newton-Schulz iteration."""

    def __init__(self, params, rank, workers, momentum=0.95):
        self.momentum, self.rank, self.workers = momentum, rank, workers
        shapes = {}
        for p in params:
            shapes.setdefault(tuple(p.shape), []).append(p)
        self.groups = [(ps, torch.zeros(len(ps), *shape)) for shape, ps in shapes.items()]

    @torch.no_grad()
    def step(self, rate):
        for ps, velocity in self.groups:
            g = torch.stack([p.grad for p in ps])
            velocity.lerp_(g, 1 - self.momentum)
            u = g.lerp(velocity, self.momentum).bfloat16()
            mine = slice(self.rank * len(ps) // self.workers, (self.rank + 1) * len(ps) // self.workers)
            u = u[mine]
            tall = u.shape[1] > u.shape[2]
            if tall:
                u = u.mT.contiguous()
            u = u / (u.float().norm(dim=(1, 2), keepdim=True) + 1e-7).bfloat16()
            for _ in range(5):
                s = u @ u.mT
                u = torch.baddbmm(u, torch.baddbmm(s, s, s, beta=-4.7750, alpha=2.0315), u, beta=3.4445)
            if tall:
                u = u.mT
            if self.workers > 1:
                parts = torch.zeros_like(g)
                parts[mine] = u.float()
                torch.distributed.all_reduce(parts)
                u = parts
            scale = rate * max(1, ps[0].shape[0] / ps[0].shape[1]) ** 0.5
            for p, d in zip(ps, u.float()):
                p.sub_(d, alpha=scale)


def save(model, outdir):
    half = LlamaForCausalLM(model.config)
    half.load_state_dict(model.state_dict())
    half.half()
    half.generation_config = GenerationConfig(bos_token_id=0, eos_token_id=1, do_sample=True, temperature=0.8, top_p=0.95,
                                              max_new_tokens=200)
    half.save_pretrained(outdir)
    path = os.path.join(outdir, "config.json")
    with open(path, encoding="utf-8") as f:
        config = json.load(f)
    config["rope_theta"] = 10000.0  # where older readers look for them
    config["torch_dtype"] = "float16"
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        json.dump(config, f, indent=2, sort_keys=True)
        f.write("\n")


@torch.no_grad()
def begin(model):
    """First weights: random, but with a leaning towards attending to and copying equal tokens.

    For each head the values' and the output's products lie near a part of the
    identity, and so do the queries' and the keys' for every other head; the
    output rows start along the embeddings.  It is meant to shorten the way to
    copying, of which the stories need much.
    """
    c = model.config
    deep = (2 * c.num_hidden_layers) ** -0.5
    embed = model.model.embed_tokens.weight
    torch.nn.init.normal_(embed, std=0.3)
    model.lm_head.weight.copy_(embed * 0.1)
    share = c.num_attention_heads // c.num_key_value_heads
    for layer in model.model.layers:
        for p in (layer.mlp.gate_proj.weight, layer.mlp.up_proj.weight):
            torch.nn.init.normal_(p, std=0.6 * p.shape[1] ** -0.5)
        torch.nn.init.normal_(layer.mlp.down_proj.weight, std=0.3 * deep * c.intermediate_size ** -0.5)
        att = layer.self_attn
        d = c.head_dim
        for p in (att.q_proj.weight, att.k_proj.weight, att.v_proj.weight):
            torch.nn.init.normal_(p, std=0.6 * p.shape[1] ** -0.5)
        torch.nn.init.orthogonal_(att.k_proj.weight)
        torch.nn.init.orthogonal_(att.v_proj.weight)
        for h in range(c.num_attention_heads):
            kv = slice(h // share * d, (h // share + 1) * d)
            me = slice(h * d, (h + 1) * d)
            att.o_proj.weight[:, me] = 0.3 * att.v_proj.weight[kv].T
            if h % share == 0:
                att.q_proj.weight[me] = 0.5 * att.k_proj.weight[kv] + 0.5 * att.q_proj.weight[me]


def arguments():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("corpus")
    ap.add_argument("--steps", type=int, default=1300)
    ap.add_argument("--outdir", default=here)
    ap.add_argument("--batch", type=int, default=4)
    ap.add_argument("--layers", type=int, default=4)
    ap.add_argument("--length", type=int, default=512)
    ap.add_argument("--rate", type=float, default=3e-3)
    ap.add_argument("--muon", type=float, default=4, help="rate of the inner matrices as a multiple of --rate")
    ap.add_argument("--minutes", type=float, default=0, help="let the schedule end after this time, whatever the steps")
    ap.add_argument("--float32", action="store_true", help="no bfloat16 in the products")
    ap.add_argument("--resume", help="a folder with a saved model to go on from, with a new schedule")
    ap.add_argument("--compile", action="store_true", help="compile the model first; needs a C++ compiler")
    ap.add_argument("--decay", type=float, default=0.4, help="the part of the schedule, at its end, in which the rate falls")
    ap.add_argument("--seed", type=int, default=7, help="of the order of the windows")
    ap.add_argument("--threads", type=int, default=1, help="of each worker")
    ap.add_argument("--workers", type=int, default=2, help="processes that share each batch")
    return ap.parse_args()


def train(rank, args, rendezvous):
    if args.workers > 1:
        torch.distributed.init_process_group("gloo", init_method="file://" + rendezvous, rank=rank, world_size=args.workers)
    torch.manual_seed(7)
    torch.set_num_threads(args.threads)
    tok = Tokenizer.from_file(os.path.join(here, "tokenizer.json"))
    ids = token_ids(args.corpus, tok)
    config = LlamaConfig(
        vocab_size=tok.get_vocab_size(), hidden_size=256, intermediate_size=640, num_hidden_layers=args.layers,
        num_attention_heads=8, num_key_value_heads=4, head_dim=32, max_position_embeddings=512, rope_theta=10000.0,
        rms_norm_eps=1e-5, hidden_act="silu", tie_word_embeddings=False, bos_token_id=0, eos_token_id=1,
        attention_bias=False, mlp_bias=False)
    model = LlamaForCausalLM(config)
    begin(model)
    if args.resume:
        model = LlamaForCausalLM.from_pretrained(args.resume, dtype=torch.float32)
        model.train()
    inner = [p for n, p in model.named_parameters() if p.dim() == 2 and ".layers." in n]
    others = [p for n, p in model.named_parameters() if p.dim() != 2 or ".layers." not in n]
    params = list(model.parameters())
    muon = Muon(inner, rank, args.workers)
    opt = torch.optim.AdamW(others, lr=args.rate, betas=(0.9, 0.97), eps=1e-9, weight_decay=0.0, fused=True)
    windows = len(ids) // args.length
    starts = np.arange(windows) * args.length
    marks = np.flatnonzero(ids == 0)  # every fourth window begins where a document begins
    ahead = np.searchsorted(marks, starts[::4])
    ahead = marks[np.minimum(ahead, len(marks) - 1)]
    starts[::4] = np.where(ahead + args.length <= len(ids), ahead, starts[::4])
    starts = np.random.default_rng(args.seed).permutation(starts)
    if rank == 0:
        print(f"{sum(p.numel() for p in model.parameters())} parameters, {len(ids)} tokens, {windows} windows", flush=True)

    def batch(step):
        pick = [starts[(step * args.batch + i) % windows] for i in range(rank, args.batch, args.workers)]
        return torch.from_numpy(np.stack([ids[at:at + args.length] for at in pick]).astype(np.int64))

    if args.compile:
        model.forward = torch.compile(model.forward)
    measuring = args.steps == 0
    steps = 12 if measuring else args.steps
    start, saved, mean = time.time(), time.time(), None
    step = 0
    while True:
        done = max(step / steps, (time.time() - start) / (args.minutes * 60) if args.minutes else 0)
        if args.workers > 1 and args.minutes:  # the workers' clocks must agree
            done = torch.tensor([done])
            torch.distributed.broadcast(done, 0)
            done = done.item()
        if done >= 1:
            break
        rate = args.rate * min(1, (step + 1) / 50) * (0.01 + 0.99 * min(1, (1 - done) / args.decay))
        for g in opt.param_groups:
            g["lr"] = rate
        x = batch(step)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.float32):
            logits = model(input_ids=x, use_cache=False).logits
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), x[:, 1:].flatten())
        opt.zero_grad(set_to_none=True)
        loss.backward()
        loss = loss.detach()
        if args.workers > 1:
            flat = torch.cat([p.grad.flatten() for p in params] + [loss.view(1)])
            torch.distributed.all_reduce(flat)
            *parts, loss = (flat / args.workers).split([p.numel() for p in params] + [1])
            for p, g in zip(params, parts):
                p.grad.copy_(g.view_as(p))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        muon.step(rate * args.muon)
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        step += 1
        if step == 2 and measuring:
            start = time.time()
        if rank == 0 and (step % 25 == 0 or measuring):
            spent = time.time() - start
            print(f"step {step}/{steps} loss {mean:.4f} rate {rate:.2e} {spent:.0f} s, "
                  f"{(step - 2 * measuring) * args.batch * args.length / max(spent, 1e-3):.0f} tokens/s", flush=True)
        if rank == 0 and not measuring and time.time() - saved > 120:
            save(model, args.outdir)
            saved = time.time()
    if rank == 0 and not measuring:
        save(model, args.outdir)
        print(f"{step} steps, {step * args.batch * args.length} tokens, {time.time() - start:.0f} s, loss {mean:.4f}")


def main():
    args = arguments()
    token_ids(args.corpus, Tokenizer.from_file(os.path.join(here, "tokenizer.json")))
    if args.workers == 1:
        train(0, args, None)
    else:
        with tempfile.TemporaryDirectory() as folder:
            torch.multiprocessing.spawn(train, (args, os.path.join(folder, "rendezvous")), nprocs=args.workers)


if __name__ == "__main__":
    main()
